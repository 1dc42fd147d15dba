import { once } from "node:events";
import { request } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import type {
  RunningScanner,
  ScanServerOptions,
} from "../../../src/app/scanners/scanner-server.ts";
import { atEnd, type Behaviour, FakeClamd } from "./fake-clamd.ts";
import { page, scan, startScanner, urlOf } from "./scanner-under-test.ts";

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function fakeClamd(onStream: Behaviour, onSession?: Behaviour): Promise<FakeClamd> {
  const fake = await FakeClamd.start(onStream, onSession);
  cleanups.push(() => fake.stop());
  return fake;
}

async function scannerOf(
  clamds: readonly FakeClamd[],
  changes: Partial<ScanServerOptions> = {},
): Promise<RunningScanner> {
  const flags = clamds.map(({ flag }) => flag);
  const scanner = await startScanner(flags, { drainTimeoutMs: 0, ...changes });
  cleanups.push(() => scanner.drain());
  return scanner;
}

const replies = (text: string): Behaviour => atEnd((socket) => socket.end(text));
const large = Buffer.alloc(2 * 1024 * 1024, "a");

describe("answers of clamd", () => {
  it.each([
    ["another command's", "PONG\0"],
    ["garbage", "\u0001\u0002\u0003\0"],
    ["half of one", "stream: O\0"],
    ["with a tail", "stream: OK and more\0"],
    ["an error", "stream: Can't allocate memory ERROR\0"],
    ["a detection without a name", "stream:  FOUND\0"],
    ["timed out", "COMMAND READ TIMED OUT\n"],
  ])("that are %s are an error, never clean", async (_name, reply) => {
    const scanner = await scannerOf([await fakeClamd(replies(reply))]);
    const { status, document } = await scan(scanner, large);
    expect(status).toBe(200);
    expect(document).toMatchObject({ verdict: "error", reason: "engine-error" });
  });

  it.each([
    ["no answer", ""],
    ["an answer without its end", "stream: OK"],
    ["an answer without an end", "x".repeat(100_000)],
  ])("that never come whole are an error: %s", async (_name, reply) => {
    const scanner = await scannerOf([await fakeClamd(replies(reply))]);
    const { document } = await scan(scanner, large);
    expect(document).toMatchObject({ verdict: "error", reason: "engine-error" });
  });

  it("show no control characters", async () => {
    const fake = await fakeClamd(replies("stream: Bad\u001b[31mName FOUND\0"));
    const { document } = await scan(await scannerOf([fake]), large);
    expect(document.threats).toEqual([{ name: "Bad?[31mName", engine: "clamav" }]);
  });

  it("in two pieces are read whole", async () => {
    const slow = atEnd((socket) => {
      socket.write("stream: Test.Na");
      setImmediate(() => socket.end("me FOUND\0"));
    });
    const { document } = await scan(await scannerOf([await fakeClamd(slow)]), large);
    expect(document.threats).toEqual([{ name: "Test.Name", engine: "clamav" }]);
  });
});

describe("a clamd that hangs up", () => {
  it("amid a body that is still known costs nothing where there is another", async () => {
    const hangsUp = await fakeClamd((socket) => socket.destroy());
    const works = await fakeClamd(replies("stream: OK\0"));
    const scanner = await scannerOf([hangsUp, works]);
    const { document } = await scan(scanner, "small");
    expect(document.verdict).toBe("clean");
    expect([hangsUp.streams, works.streams]).toEqual([1, 1]);
  });

  it("amid a body that is gone is an error, and no other clamd is given the rest", async () => {
    const hangsUp = await fakeClamd((socket) => socket.destroy());
    const works = await fakeClamd(replies("stream: OK\0"));
    const { document } = await scan(await scannerOf([hangsUp, works]), large);
    expect(document).toMatchObject({ verdict: "error", reason: "engine-error" });
    expect(works.streams).toBe(0);
  });

  it("is busy when there is no other", async () => {
    const hangsUp = await fakeClamd((socket) => socket.destroy());
    expect((await scan(await scannerOf([hangsUp]), "small")).status).toBe(503);
  });
});

describe("a clamd that hangs", () => {
  it("is waited for no longer than the client said", async () => {
    const scanner = await scannerOf([await fakeClamd(() => {})]);
    const answer = await scan(scanner, "small", { "Scan-Deadline-Ms": "50" });
    expect(answer.status).toBe(504);
    expect(answer.document.detail).toBe("the time for this scan is over");
  });

  it("is waited for no longer than the scanner's own limit", async () => {
    const scanner = await scannerOf([await fakeClamd(() => {})], { scanTimeoutMs: 50 });
    expect((await scan(scanner, large)).status).toBe(504);
  });

  it("holds up the sender rather than filling memory", async () => {
    const stuck = await fakeClamd((socket) => socket.pause());
    const scanner = await scannerOf([stuck], { scanTimeoutMs: 300 });
    const answer = await scan(scanner, Buffer.alloc(32 * 1024 ** 2));
    expect(answer.status).toBe(504);
    const [, taken] =
      /^sluice_scan_bytes_total (\d+)$/m.exec(await page(scanner, "/metrics")) ?? [];
    expect(Number(taken)).toBeLessThan(16 * 1024 ** 2);
  });

  it("is let go when the client is", async () => {
    const { promise: isLetGo, resolve } = Promise.withResolvers<void>();
    const { promise: isAsked, resolve: asked } = Promise.withResolvers<void>();
    const hangs = await fakeClamd(
      atEnd((socket) => {
        socket.on("close", () => resolve());
        asked();
      }),
    );
    const scanner = await scannerOf([hangs]);
    const upload = request(urlOf(scanner), { method: "POST", agent: false });
    upload.on("error", () => {}).end("small");
    await isAsked;
    upload.destroy();
    await isLetGo;
    expect(await page(scanner, "/metrics")).toContain('sluice_scan_refusals_total{status="499"} 1');
  });
});

describe("a session of several small bodies", () => {
  const commands = (received: Buffer) =>
    received.toString("latin1").split("zINSTREAM\0").length - 1;
  const neverAlone: Behaviour = (socket) => socket.end("stream: Test.Alone FOUND\0");

  it("is given its answers by their numbers, in whatever order they come", async () => {
    const backwards = await fakeClamd(neverAlone, (socket, received) => {
      if (commands(received) < 2) return;
      socket.write("2: stream: Test.Second FOUND\0");
      socket.write("1: stream: Test.First FOUND\0");
    });
    const scanner = await scannerOf([backwards]);
    const answers = await Promise.all([scan(scanner, "small"), scan(scanner, "small")]);
    const names = answers.map(({ document }) => document.threats?.[0]?.name).sort();
    expect(names).toEqual(["Test.First", "Test.Second"]);
  });

  it("that ends before its answers costs nothing: they are asked for again", async () => {
    const ends = await fakeClamd(replies("stream: Test.Alone FOUND\0"), (socket, received) => {
      if (commands(received) === 3) socket.end("1: stream: OK\0COMMAND READ TIMED OUT\n");
    });
    const scanner = await scannerOf([ends]);
    const answers = await Promise.all(["a", "b", "c"].map((body) => scan(scanner, body)));
    const verdicts = answers.map(({ document }) => document.verdict).sort();
    expect(verdicts).toEqual(["blocked", "blocked", "clean"]);
  });

  it.each([
    "7: stream: OK\0",
    "0: stream: OK\0",
    "stream: OK\0",
    "1 stream: OK\0",
    "1: stream: OK",
  ])("takes nothing for an answer that has not its number: %j", async (reply) => {
    const odd = await fakeClamd(replies("stream: Test.Alone FOUND\0"), (socket, received) => {
      if (commands(received) === 1) socket.end(reply);
    });
    const { document } = await scan(await scannerOf([odd]), "small");
    expect(document.threats).toMatchObject([{ name: "Test.Alone" }]);
  });

  it("that hangs is ended with the first scan whose time is over, and holds up no other", async () => {
    const hangs = await fakeClamd(replies("stream: OK\0"), () => {});
    const scanner = await scannerOf([hangs]);
    const [late, other] = await Promise.all([
      scan(scanner, "a", { "Scan-Deadline-Ms": "200" }),
      scan(scanner, "b"),
    ]);
    expect(late.status).toBe(504);
    expect(other.document.verdict).toBe("clean");
  });
});

describe("a scanner with all places taken", () => {
  it("answers 503 and when to come again", async () => {
    const { promise: isAsked, resolve: asked } = Promise.withResolvers<void>();
    const scanner = await scannerOf([await fakeClamd(atEnd(() => asked()))], {
      maxConcurrentScans: 1,
    });
    const upload = request(urlOf(scanner), { method: "POST", agent: false });
    upload.on("error", () => {}).end("small");
    await isAsked;
    const { status, headers } = await scan(scanner, "small");
    expect([status, headers["retry-after"]]).toEqual([503, "1"]);
    upload.destroy();
  });
});

describe("a scanner that is told to end", () => {
  it("finishes the scan under way and takes no new connection", async () => {
    const { promise: isAsked, resolve: asked } = Promise.withResolvers<() => void>();
    const waits = atEnd((socket) => asked(() => socket.end("stream: OK\0")));
    const scanner = await scannerOf([await fakeClamd(waits)], { drainTimeoutMs: 60_000 });
    const answer = scan(scanner, "small");
    const finish = await isAsked;
    const drained = scanner.drain();
    cleanups.pop();
    finish();
    expect((await answer).document.verdict).toBe("clean");
    await drained;
    await expect(fetch(urlOf(scanner, "/readyz"))).rejects.toThrow();
  });

  it("says that it is not ready while it still answers", async () => {
    const scanner = await scannerOf([await fakeClamd(replies("stream: OK\0"))], {
      drainDelayMs: 60_000,
    });
    const drained = scanner.drain();
    cleanups.pop();
    const ready = await fetch(urlOf(scanner, "/readyz"));
    expect([ready.status, await ready.text()]).toEqual([503, "draining\n"]);
    expect((await scan(scanner, "small")).document.verdict).toBe("clean");
    scanner.abort();
    await drained;
  });

  it("gives up what does not end in time", async () => {
    const { promise: isAsked, resolve: asked } = Promise.withResolvers<void>();
    const scanner = await scannerOf([await fakeClamd(atEnd(() => asked()))]);
    const upload = request(urlOf(scanner), { method: "POST", agent: false });
    upload.end("small");
    const failed = once(upload, "error");
    await isAsked;
    await scanner.drain();
    cleanups.pop();
    expect((await failed)[0]).toMatchObject({ code: "ECONNRESET" });
  });
});

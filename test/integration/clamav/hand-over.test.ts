import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { HandOver } from "../../../src/scanners/clamav/hand-over.ts";
import { type Logger, silentLogger } from "../../../src/telemetry/index.ts";
import { eicar } from "../../support/eicar.ts";
import { describeWith } from "../../support/programs.ts";
import { TempDirectory } from "../../support/temp-directory.ts";
import { clamavPrograms, useClamd } from "./clamd-server.ts";
import { atEnd, FakeClamd } from "./fake-clamd.ts";
import { scan, startScanner } from "./scanner-under-test.ts";

let directory: TempDirectory;
const cleanups: (() => Promise<unknown>)[] = [];
beforeEach(() => {
  directory = new TempDirectory();
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  directory.remove();
});

async function scannerOf(clamd: string, logger: Logger = silentLogger) {
  const scanner = await startScanner([clamd], {
    handOverDirectory: directory.path,
    drainTimeoutMs: 0,
    logger,
  });
  cleanups.push(() => scanner.drain());
  return scanner;
}

async function* pieces(...all: readonly string[]): AsyncGenerator<Buffer> {
  for (const piece of all) yield Buffer.from(piece);
}

describeWith(clamavPrograms, "bodies that Debian's clamd reads as files", () => {
  const clamd = useClamd();

  it.each([
    ["an empty one", "", "clean"],
    ["one without a signature", randomBytes(300_000).toString("hex"), "clean"],
    ["EICAR", eicar, "blocked"],
  ])("get their verdict: %s", async (_name, body, verdict) => {
    const { document } = await scan(await scannerOf(clamd().flag), body);
    expect(document.verdict).toBe(verdict);
  });

  it("are named by their signature, without a path", async () => {
    const { document } = await scan(await scannerOf(clamd().flag), eicar);
    expect(document.threats).toEqual([
      expect.objectContaining({ name: "Win.Test.EICAR_HDB-1.UNOFFICIAL" }),
    ]);
    expect(JSON.stringify(document)).not.toContain(directory.path);
  });

  it("each get the verdict on themselves when there are many at once", async () => {
    const scanner = await scannerOf(clamd().flag);
    const bodies = Array.from({ length: 40 }, (_, index) =>
      index % 3 === 0 ? eicar : randomBytes(20_000).toString("hex"),
    );
    const answers = await Promise.all(bodies.map((body) => scan(scanner, body)));
    const expected = bodies.map((body) => (body === eicar ? "blocked" : "clean"));
    expect(answers.map(({ document }) => document.verdict)).toEqual(expected);
  });

  it("leave nothing behind for longer than a moment", async () => {
    const scanner = await scannerOf(clamd().flag);
    await Promise.all([scan(scanner, eicar), scan(scanner, randomBytes(50_000))]);
    await expect.poll(() => readdirSync(directory.path), { timeout: 15_000 }).toEqual([]);
  });

  it("leave nothing behind when the scanner ends", async () => {
    const scanner = await startScanner([clamd().flag], {
      handOverDirectory: directory.path,
      drainTimeoutMs: 0,
    });
    await Promise.all([scan(scanner, eicar), scan(scanner, randomBytes(50_000))]);
    await scanner.drain();
    expect(readdirSync(directory.path)).toEqual([]);
  });

  it("each get their own verdict, whatever their file had before", async () => {
    const scanner = await scannerOf(clamd().flag);
    const long = randomBytes(30_000).toString("hex");
    const verdicts: unknown[] = [];
    for (const body of [long, eicar, long, "", eicar]) {
      verdicts.push((await scan(scanner, body)).document.verdict);
    }
    expect(verdicts).toEqual(["clean", "blocked", "clean", "clean", "blocked"]);
  });

  it("are streamed when their length is unknown", async () => {
    const { document } = await scan(await scannerOf(clamd().flag), [Buffer.from(eicar)]);
    expect(document.verdict).toBe("blocked");
  });
});

describe("bodies that clamd cannot read as files", () => {
  const detects = atEnd((socket) => socket.end("stream: Eicar FOUND\0"));

  it.each([
    "File path check failure: No such file or directory. ERROR",
    "lstat() failed: Permission denied. ERROR",
    "Access denied. ERROR",
  ])("are streamed, and a warning says so once: %s", async (reply) => {
    const clamd = await FakeClamd.start(detects, (socket, received) => {
      const path = /zSCAN ([^\0]+)\0/.exec(received.toString("latin1"))?.[1];
      if (path !== undefined) socket.write(`1: ${path}: ${reply}\0`);
    });
    cleanups.push(() => clamd.stop());
    const warnings: string[] = [];
    const warn = (message: string): void => void warnings.push(message);
    const scanner = await scannerOf(clamd.flag, { ...silentLogger, warn });
    expect((await scan(scanner, eicar)).document.verdict).toBe("blocked");
    expect((await scan(scanner, eicar)).document.verdict).toBe("blocked");
    expect(warnings).toEqual([expect.stringContaining("cannot read files that are handed over")]);
    expect(readdirSync(directory.path)).toEqual([]);
  });

  it("are an error when clamd says something else about them", async () => {
    const clamd = await FakeClamd.start(detects, (socket, received) => {
      const path = /zSCAN ([^\0]+)\0/.exec(received.toString("latin1"))?.[1];
      if (path !== undefined) socket.write(`1: ${path}: Can't open file or directory ERROR\0`);
    });
    cleanups.push(() => clamd.stop());
    const { document } = await scan(await scannerOf(clamd.flag), eicar);
    expect(document.verdict).toBe("error");
    expect(JSON.stringify(document)).not.toContain(directory.path);
  });
});

/** The file that a session, or a connection of its own, was last told to scan. */
const fileIn = (received: Buffer): string =>
  [...received.toString("latin1").matchAll(/zSCAN ([^\0]+)\0/g)].at(-1)?.[1] ?? "";

describe("a clamd that is slow to read", () => {
  const streams = atEnd((socket) => socket.end("stream: OK\0"));

  it("has a file for itself when its session ended and another connection had the verdict", async () => {
    const lost: string[] = [];
    const judged: string[] = [];
    const clamd = await FakeClamd.start(
      streams,
      (socket, received) => {
        const path = fileIn(received);
        if (path === "") return;
        // Its thread has opened the file, and reads it after the session has ended.
        if (lost.push(path) === 1) socket.destroy();
        else socket.write(`1: ${path}: OK\0`);
      },
      (socket, received) => {
        judged.push(fileIn(received));
        socket.end(`${fileIn(received)}: OK\0`);
      },
    );
    cleanups.push(() => clamd.stop());
    const scanner = await scannerOf(clamd.flag);
    expect((await scan(scanner, "first")).document.verdict).toBe("clean");
    expect(judged).toEqual([lost[0]]);
    expect((await scan(scanner, "second")).document.verdict).toBe("clean");
    expect(lost[1]).not.toBe(lost[0]);
  });

  it("has a file for itself when the scan was given up", async () => {
    const paths: string[] = [];
    const clamd = await FakeClamd.start(streams, (socket, received) => {
      const path = fileIn(received);
      if (path !== "" && paths.push(path) > 1) socket.write(`1: ${path}: OK\0`);
    });
    cleanups.push(() => clamd.stop());
    const scanner = await scannerOf(clamd.flag);
    expect((await scan(scanner, "first", { "Scan-Deadline-Ms": "300" })).status).toBe(504);
    expect((await scan(scanner, "second")).document.verdict).toBe("clean");
    expect(paths[1]).not.toBe(paths[0]);
  });

  it("has a file for itself when it said something that is not about it", async () => {
    const paths: string[] = [];
    const clamd = await FakeClamd.start(streams, (socket, received) => {
      const path = fileIn(received);
      if (path === "") return;
      const reply = paths.push(path) === 1 ? "COMMAND READ TIMED OUT" : `${path}: OK`;
      socket.write(`${paths.length}: ${reply}\0`);
    });
    cleanups.push(() => clamd.stop());
    const scanner = await scannerOf(clamd.flag);
    expect((await scan(scanner, "first")).document.verdict).toBe("error");
    expect((await scan(scanner, "second")).document.verdict).toBe("clean");
    expect(paths[1]).not.toBe(paths[0]);
  });

  it("is handed no empty file, of which it may not say that it is OK", async () => {
    const clamd = await FakeClamd.start(streams, (socket, received) => {
      const path = fileIn(received);
      socket.write(path === "" ? "" : `1: ${path}: Empty file\0`);
      if (received.includes("zINSTREAM\0")) socket.write("1: stream: OK\0");
    });
    cleanups.push(() => clamd.stop());
    expect((await scan(await scannerOf(clamd.flag), "")).document.verdict).toBe("clean");
  });
});

describe("a directory for bodies", () => {
  const limits = { maxFileBytes: 100, maxTotalBytes: 150 };

  it("admits bodies of known size within its bounds", () => {
    const handOver = new HandOver({ directory: directory.path, ...limits });
    const sizes = [undefined, 0, 1, 100, 101];
    expect(sizes.map((size) => handOver.admits(size))).toEqual([false, false, true, true, false]);
  });

  it("is full for a body that does not fit beside the others, until one is removed", async () => {
    const handOver = new HandOver({ directory: directory.path, ...limits });
    const file = await handOver.keep(pieces("x".repeat(100)), 100);
    expect(handOver.admits(51)).toBe(false);
    file.release();
    expect(handOver.admits(51)).toBe(true);
  });

  it("has a body in the file that another has left", async () => {
    const handOver = new HandOver({ directory: directory.path, ...limits });
    const first = await handOver.keep(pieces("a long ", "body"), 11);
    first.release();
    const second = await handOver.keep([Buffer.from("sho"), Buffer.from("rt")], 5);
    expect(second.path).toBe(first.path);
    expect(readFileSync(second.path, "utf8")).toBe("short");
    second.release();
    handOver.close();
  });

  it("has nothing of a longer body while a shorter one arrives in its place", async () => {
    const handOver = new HandOver({ directory: directory.path, ...limits });
    const first = await handOver.keep(pieces("a long body"), 11);
    first.release();
    const arriving = Promise.withResolvers<void>();
    async function* slow(): AsyncGenerator<Buffer> {
      yield Buffer.from("sho");
      await arriving.promise;
      yield Buffer.from("rt");
    }
    const second = handOver.keep(slow(), 5);
    expect(readFileSync(first.path, "utf8")).toBe("a lon");
    arriving.resolve();
    expect(readFileSync((await second).path, "utf8")).toBe("short");
    (await second).release();
    handOver.close();
  });

  it("has a file for each body at once", async () => {
    const handOver = new HandOver({ directory: directory.path, ...limits });
    const files = [await handOver.keep(pieces("one"), 3), await handOver.keep(pieces("two"), 3)];
    expect(files.map(({ path }) => readFileSync(path, "utf8"))).toEqual(["one", "two"]);
    for (const file of files) file.release();
    handOver.close();
  });

  it("never writes to a file again that a clamd may still read", async () => {
    const handOver = new HandOver({ directory: directory.path, ...limits });
    const file = await handOver.keep(pieces("body"), 4);
    file.giveUp();
    file.release();
    expect(readdirSync(directory.path)).toEqual([]);
  });

  it("gives up files that no body is in for those that are needed", async () => {
    const handOver = new HandOver({ directory: directory.path, ...limits });
    const files = [
      await handOver.keep(pieces("x".repeat(75)), 75),
      await handOver.keep(pieces("y".repeat(75)), 75),
    ];
    for (const file of files) file.release();
    await handOver.keep(pieces("z".repeat(100)), 100);
    expect(readdirSync(directory.path)).toHaveLength(1);
    handOver.close();
  });

  it("loses a file that is released after its end", async () => {
    const handOver = new HandOver({ directory: directory.path, ...limits });
    const file = await handOver.keep(pieces("body"), 4);
    handOver.close();
    expect(readFileSync(file.path, "utf8")).toBe("body");
    file.release();
    expect(readdirSync(directory.path)).toEqual([]);
  });

  it("keeps nothing of a body that ends before its time", async () => {
    const handOver = new HandOver({ directory: directory.path, ...limits });
    async function* cut(): AsyncGenerator<Buffer> {
      yield Buffer.from("half");
      throw new Error("gone");
    }
    await expect(handOver.keep(cut(), 100)).rejects.toThrow("gone");
    expect(readdirSync(directory.path)).toEqual([]);
    expect(handOver.admits(100)).toBe(true);
  });

  it("loses what a dead scanner left an hour ago, and nothing else", () => {
    const old = new Date(Date.now() - 2 * 60 * 60 * 1000);
    const [left, fresh, foreign] = [`sluice-${"a".repeat(32)}`, `sluice-${"b".repeat(32)}`, "mine"];
    for (const name of [left, fresh, foreign] as const) writeFileSync(directory.join(name), "");
    for (const name of [left, foreign] as const) utimesSync(directory.join(name), old, old);
    new HandOver({ directory: directory.path, ...limits });
    expect(readdirSync(directory.path).sort()).toEqual(["mine", fresh].sort());
  });

  it("has its room back when a body cannot be kept in it", async () => {
    const handOver = new HandOver({ directory: directory.path, ...limits });
    rmSync(directory.path, { recursive: true });
    await expect(handOver.keep(pieces("body"), 100)).rejects.toThrow("ENOENT");
    expect(handOver.admits(100)).toBe(true);
  });

  it("may lose its files to somebody else", async () => {
    const handOver = new HandOver({ directory: directory.path, ...limits });
    const file = await handOver.keep(pieces("body"), 4);
    file.release();
    rmSync(directory.path, { recursive: true });
    expect(() => handOver.close()).not.toThrow();
  });

  it("has to be there", () => {
    const gone = directory.join("gone");
    expect(() => new HandOver({ directory: gone, ...limits })).toThrow("ENOENT");
  });
});

import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  createScanV1Scanner,
  DeadlineScanner,
  OverlappingScanner,
  type Scanner,
  ScannerSet,
} from "../../../src/scanning/index.ts";
import {
  afterUpload,
  answers,
  answersStatus,
  FakeScanner,
  type ScannerScript,
} from "../../support/fake-scanner.ts";
import type { IcapConnection } from "../../support/icap-connection.ts";
import { icapHead } from "../../support/icap-request.ts";
import { type ScanServiceChanges, startScanning } from "../../support/scan-service.ts";
import type { ServerUnderTest, ServerUnderTestOptions } from "../../support/server-under-test.ts";
import { chunk, lastChunk } from "../../support/wire-text.ts";
import { clean, options } from "./scanner-under-test.ts";

const OVERLAP_BYTES = 4096;
const MIB = 1024 * 1024;
const piece = (bytes: number, letter = "x"): string => letter.repeat(bytes);
const blocked = { verdict: "blocked", threats: [{ name: "Test-Threat" }] };
const takesChunks = { protocol: "scan/v1", requires: { contentLength: false } };
const overlapping = { maxEarly: 4, maxWaitMs: 60_000, pauseMs: 60_000 };

/** Tells of a request as soon as its head is there, and answers when told to. */
function watched(then: ScannerScript) {
  const { promise: asked, resolve } = Promise.withResolvers<IncomingMessage>();
  const script: ScannerScript = (request, response) => {
    resolve(request);
    return then(request, response);
  };
  return { asked, script };
}

/** The upload was broken off. */
function closeOf(request: IncomingMessage): Promise<void> {
  request.on("error", () => {});
  return new Promise((resolve) => request.once("close", resolve));
}

/** Reads all there is, then says that it is clean. */
const readsAndPasses: ScannerScript = async (request, response) => {
  for await (const _piece of request);
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(clean));
};

describe("a body that is scanned while it arrives", () => {
  let fake: FakeScanner;
  let under: ServerUnderTest | undefined;
  const cleanups: (() => unknown)[] = [];
  beforeEach(async () => {
    fake = await FakeScanner.start();
    fake.info = takesChunks;
  });
  afterEach(async () => {
    await under?.close();
    under = undefined;
    for (const cleanup of cleanups.splice(0)) await cleanup();
    await fake.stop();
  });

  async function scannerOf(
    one: FakeScanner,
    changes: Partial<typeof overlapping> & { attempts?: number; timeoutMs?: number } = {},
  ): Promise<Scanner> {
    const { attempts = 1, timeoutMs = 10_000, ...early } = changes;
    const remote = await createScanV1Scanner({
      ...options,
      urls: [one.url],
      retry: { attempts, budgetPercent: 100, backoffMs: 0 },
    });
    const scanner = new OverlappingScanner(remote, { ...overlapping, ...early });
    cleanups.push(() => scanner.close());
    return new DeadlineScanner(scanner, { timeoutMs });
  }

  async function serve(
    scanner: Scanner,
    changes: ScanServiceChanges = {},
    more: ServerUnderTestOptions = {},
  ): Promise<ServerUnderTest> {
    const service = { maxEntityBytes: 64 * MIB, ...changes, scanner };
    under = await startScanning([service], { overlapBytes: OVERLAP_BYTES, ...more });
    return under;
  }

  /** The head of a message and so much of its body. */
  async function begin(server: ServerUnderTest, ...pieces: string[]): Promise<IcapConnection> {
    const connection = await server.connect();
    const head = icapHead({
      method: "RESPMOD",
      path: "/scan",
      fields: ["Allow: 204"],
      body: "",
    });
    await connection.send(head, ...pieces.map(chunk));
    return connection;
  }

  it("is sent before its end, and is scanned once", async () => {
    const { asked, script } = watched(afterUpload(() => {}));
    fake.script = script;
    const server = await serve(await scannerOf(fake));
    const connection = await begin(server, piece(OVERLAP_BYTES));
    const request = await asked;
    fake.script = answers(clean);
    expect(request.headers).toMatchObject({
      "transfer-encoding": "chunked",
      "scan-stage": "full",
      "scan-total-length": "unknown",
      "content-type": "text/plain",
    });
    expect(request.headers).not.toHaveProperty("content-digest");
    connection.close();
  });

  it("passes when the scanner has seen all of it, and not before", async () => {
    const { asked, script } = watched(() => {});
    let bytes = "";
    fake.script = script;
    const server = await serve(await scannerOf(fake));
    const connection = await begin(server, piece(OVERLAP_BYTES, "a"));
    const request = await asked;
    const response = Promise.withResolvers<void>();
    request.on("data", (data) => {
      bytes += data;
    });
    request.on("end", () => response.resolve());
    await connection.send(chunk(piece(3 * MIB, "b")), lastChunk);
    await response.promise;
    expect(bytes).toBe(piece(OVERLAP_BYTES, "a") + piece(3 * MIB, "b"));
    expect(server.records).toEqual([]);
    connection.close();
  });

  it.each([
    ["byte by byte", 1, 300],
    ["in pieces that go to a file", 100_000, 40],
  ])("comes to the scanner whole: %s", async (_name, bytes, count) => {
    const hash = createHash("sha256");
    fake.script = async (request, response) => {
      for await (const part of request) hash.update(part as Buffer);
      await answers(clean)(request, response);
    };
    const server = await serve(await scannerOf(fake), {}, { spool: { memoryBytes: 65_536 } });
    const connection = await begin(server, piece(OVERLAP_BYTES));
    const sent = createHash("sha256").update(piece(OVERLAP_BYTES));
    for (let n = 0; n < count; n += 1) {
      const part = piece(bytes, String(n % 10));
      sent.update(part);
      await connection.send(chunk(part));
    }
    await connection.send(lastChunk);
    expect((await connection.readAnswer()).status).toBe(204);
    expect(hash.digest("hex")).toBe(sent.digest("hex"));
    expect(fake.received).toHaveLength(1);
    connection.close();
  });

  it("is refused before its end when the scanner blocks it", async () => {
    fake.script = (_request, response) => {
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(blocked));
    };
    const server = await serve(await scannerOf(fake));
    const connection = await begin(server, piece(OVERLAP_BYTES));
    const answer = await connection.readAnswer();
    expect(answer.status).toBe(200);
    expect(String(answer.body)).toContain("Test-Threat");
    await connection.send(chunk(piece(1000)), lastChunk);
    const record = await server.record(0);
    expect(record).toMatchObject({ outcome: "blocked", cause: "verdict", verdict: "blocked" });
    expect(fake.received).toHaveLength(1);
    connection.close();
  });

  it("goes on to its end where a block is only watched", async () => {
    const { asked, script } = watched((_request, response) => {
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(blocked));
    });
    fake.script = script;
    const server = await serve(await scannerOf(fake), { mode: "Monitor" });
    const connection = await begin(server, piece(OVERLAP_BYTES));
    await asked;
    await connection.send(chunk(piece(1000)), lastChunk);
    expect((await connection.readAnswer()).status).toBe(204);
    connection.close();
  });

  it("waits for its end when the scanner calls it clean early", async () => {
    const { asked, script } = watched((_request, response) => {
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(clean));
    });
    fake.script = script;
    const server = await serve(await scannerOf(fake));
    const connection = await begin(server, piece(OVERLAP_BYTES));
    await asked;
    await connection.send(chunk(piece(1000)));
    expect(server.records).toEqual([]);
    await connection.send(lastChunk);
    expect((await connection.readAnswer()).status).toBe(204);
    expect(fake.received).toHaveLength(1);
    connection.close();
  });

  it.each([
    ["dies amid the upload", (request: IncomingMessage) => void request.socket.destroy()],
    ["fails", answersStatus(500)],
    ["wants to take its time", answersStatus(202, { location: "/v1/scans/1" })],
  ] as [string, ScannerScript][])(
    "is scanned anew, whole, when the scanner %s",
    async (_n, bad) => {
      let first = true;
      fake.script = (request, response) => {
        const script = first ? bad : answers(clean);
        first = false;
        return script(request, response);
      };
      const server = await serve(await scannerOf(fake));
      const connection = await begin(server, piece(OVERLAP_BYTES));
      await connection.send(chunk(piece(1000)), lastChunk);
      expect((await connection.readAnswer()).status).toBe(204);
      const last = fake.received.findLast(({ method }) => method === "POST");
      expect(last?.headers["content-length"]).toBe(String(OVERLAP_BYTES + 1000));
      expect(last?.headers["content-digest"]).toMatch(/^sha-256=:/);
      connection.close();
    },
  );

  it("is sent again from its first byte when a connection broke", async () => {
    const { promise: again, resolve } = Promise.withResolvers<IncomingMessage>();
    let requests = 0;
    fake.script = async (request, response) => {
      requests += 1;
      if (requests === 1) return void request.socket.destroy();
      resolve(request);
      await readsAndPasses(request, response);
    };
    const server = await serve(await scannerOf(fake, { attempts: 2 }));
    const connection = await begin(server, piece(OVERLAP_BYTES));
    expect((await again).headers["transfer-encoding"]).toBe("chunked");
    await connection.send(chunk(piece(1000)), lastChunk);
    expect((await connection.readAnswer()).status).toBe(204);
    expect(requests).toBe(2);
    connection.close();
  });

  it("is not sent on when its client goes away", async () => {
    const { asked, script } = watched(() => {});
    fake.script = script;
    const server = await serve(await scannerOf(fake));
    const connection = await begin(server, piece(OVERLAP_BYTES));
    const request = await asked;
    const closed = closeOf(request);
    connection.close();
    await closed;
    await server.until(() => server.records.length === 1, "the end");
    await expect.poll(() => server.spools.budget.memoryBytes).toBe(0);
  });

  it("is not sent on when it is larger than it may be", async () => {
    const { asked, script } = watched(() => {});
    fake.script = script;
    const server = await serve(await scannerOf(fake), { maxEntityBytes: 10_000 });
    const connection = await begin(server, piece(OVERLAP_BYTES));
    const request = await asked;
    const closed = closeOf(request);
    await connection.send(chunk(piece(10_000)), lastChunk);
    await connection.readAnswer();
    await closed;
    expect(await server.record(0)).toMatchObject({ outcome: "blocked", cause: "oversize" });
    connection.close();
  });

  it("fails as it would without when the disk is full", async () => {
    const { asked, script } = watched(() => {});
    fake.script = script;
    const spool = { memoryBytes: 8192, totalDiskBytes: 16_384 };
    const server = await serve(await scannerOf(fake), { on: { error: "Block" } }, { spool });
    const connection = await begin(server, piece(OVERLAP_BYTES));
    const request = await asked;
    const closed = closeOf(request);
    await connection.send(chunk(piece(20_000)), lastChunk);
    await connection.readAnswer();
    await closed;
    expect(await server.record(0)).toMatchObject({ outcome: "blocked", cause: "error" });
    connection.close();
  });

  it("ends in time when the scanner hangs", async () => {
    const { asked, script } = watched(() => {});
    fake.script = script;
    const server = await serve(await scannerOf(fake, { timeoutMs: 200 }));
    const connection = await begin(server, piece(OVERLAP_BYTES));
    const request = await asked;
    const closed = closeOf(request);
    await connection.send(lastChunk);
    await connection.readAnswer();
    await closed;
    expect(await server.record(0)).toMatchObject({ outcome: "blocked", cause: "timeout" });
    connection.close();
  });

  it("is scanned at its end when its sender is too slow", async () => {
    const { asked, script } = watched(() => {});
    fake.script = script;
    const server = await serve(await scannerOf(fake, { maxWaitMs: 50 }));
    const connection = await begin(server, piece(OVERLAP_BYTES));
    const request = await asked;
    await closeOf(request);
    fake.script = answers(clean);
    await connection.send(lastChunk);
    expect((await connection.readAnswer()).status).toBe(204);
    expect(fake.received.at(-1)?.headers["content-length"]).toBe(String(OVERLAP_BYTES));
    connection.close();
  });

  it("goes to several scanners, whole to each", async () => {
    await using other = await FakeScanner.start();
    other.info = takesChunks;
    const set = new ScannerSet(
      await Promise.all(
        [fake, other].map(async (one, n) => ({
          name: `s${n}`,
          required: true,
          scanner: await scannerOf(one),
        })),
      ),
      { name: "set", strategy: { type: "AnyBlocks" } },
    );
    const read: number[] = [];
    const seen = [fake, other].map((one) => {
      const watch = watched(async (request, response) => {
        let bytes = 0;
        for await (const part of request) bytes += (part as Buffer).length;
        read.push(bytes);
        await answers(clean)(request, response);
      });
      one.script = watch.script;
      return watch.asked;
    });
    const server = await serve(set);
    const connection = await begin(server, piece(OVERLAP_BYTES));
    await Promise.all(seen);
    await connection.send(chunk(piece(500_000)), lastChunk);
    expect((await connection.readAnswer()).status).toBe(204);
    expect(read).toEqual([OVERLAP_BYTES + 500_000, OVERLAP_BYTES + 500_000]);
    connection.close();
  });

  describe("unless", () => {
    const sentAtTheEnd = async (
      server: ServerUnderTest,
      firstBytes = OVERLAP_BYTES,
    ): Promise<string | undefined> => {
      const connection = await begin(server, piece(firstBytes));
      await connection.send(lastChunk);
      expect((await connection.readAnswer()).status).toBe(204);
      connection.close();
      expect(fake.received).toHaveLength(1);
      return fake.received[0]?.headers["content-length"];
    };

    it("it is small", async () => {
      const server = await serve(await scannerOf(fake));
      expect(await sentAtTheEnd(server, 100)).toBe("100");
    });

    it.each([
      ["the scanner does not say that it can do without its length", {}],
      ["the scanner must know its length", { requires: { contentLength: true } }],
      ["the scanner must know its hash", { requires: { contentLength: false, sha256: true } }],
    ])("%s", async (_name, info) => {
      fake.info = { protocol: "scan/v1", ...info };
      const server = await serve(await scannerOf(fake));
      expect(await sentAtTheEnd(server)).toBe(String(OVERLAP_BYTES));
    });

    it("rules about the entity may spare it", async () => {
      const rules = [{ name: "x", when: 'entity.type == "video/mp4"', action: "Skip" as const }];
      const server = await serve(await scannerOf(fake), { rules });
      expect(await sentAtTheEnd(server)).toBe(String(OVERLAP_BYTES));
    });

    it("all places for that are taken", async () => {
      const server = await serve(await scannerOf(fake, { maxEarly: 0 }));
      expect(await sentAtTheEnd(server)).toBe(String(OVERLAP_BYTES));
    });
  });
});

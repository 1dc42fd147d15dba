import { beforeEach, describe, expect, it } from "vitest";
import { ScannerSet } from "../../../src/scanning/index.ts";
import { answers, FakeScanner } from "../../support/fake-scanner.ts";
import type { ServerUnderTest } from "../../support/server-under-test.ts";
import { chunk, lastChunk } from "../../support/wire-text.ts";
import {
  closeOf,
  OVERLAP_BYTES,
  piece,
  takesChunks,
  useOverlap,
  watched,
} from "./overlapping-service.ts";
import { clean } from "./scanner-under-test.ts";

describe("a body that is scanned while it arrives, in trouble", () => {
  const { running, scannerOf, serve, begin } = useOverlap();
  let fake: FakeScanner;
  beforeEach(() => {
    fake = running();
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
    const server = await serve(await scannerOf(fake, { timeoutMs: 1500 }));
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
    const server = await serve(await scannerOf(fake, { maxWaitMs: 1000 }));
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

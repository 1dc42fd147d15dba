import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ScanCache } from "../../../src/cache/index.ts";
import { type Entity, readContent } from "../../../src/entity/index.ts";
import { DeadlineScanner, type Verdict } from "../../../src/scanning/index.ts";
import { silentLogger } from "../../../src/telemetry/index.ts";
import { CountingScanner } from "../../support/cache-fleet.ts";
import { CountedCacheMetrics } from "../../support/counted-cache-metrics.ts";
import type { IcapConnection } from "../../support/icap-connection.ts";
import { startScanning } from "../../support/scan-service.ts";
import type { ServerUnderTest } from "../../support/server-under-test.ts";
import { chunk, head, lastChunk } from "../../support/wire-text.ts";

const clean: Verdict = { kind: "clean", threats: [] };
const text = (bytes: number): Buffer => Buffer.alloc(bytes, "a new file that everybody wants\n");

function response(body: Buffer, ...fields: readonly string[]): Buffer {
  const heads = head("HTTP/1.1 200 OK", "Content-Type: text/plain", ...fields);
  const icap = head(
    "RESPMOD icap://127.0.0.1/scan ICAP/1.0",
    "Host: 127.0.0.1",
    "Allow: 204",
    `Encapsulated: res-hdr=0, res-body=${heads.length}`,
  );
  const wire = icap + heads + chunk(body.toString("latin1")) + lastChunk;
  return Buffer.from(wire, "latin1");
}

describe("two clients that download the same new file", () => {
  let under: ServerUnderTest;
  let cache: ScanCache;
  let metrics: CountedCacheMetrics;
  let scanner: CountingScanner;
  let gate: PromiseWithResolvers<void>;
  /** Of what was scanned, read once the gate is open. */
  let read: string[];
  let signals: AbortSignal[];
  beforeEach(async () => {
    gate = Promise.withResolvers();
    read = [];
    signals = [];
    metrics = new CountedCacheMetrics();
    cache = new ScanCache({
      ...{ maxBytes: 1_000_000, maxAgeMs: 60_000, redis: undefined, keys: [], metrics },
      logger: silentLogger,
    });
    scanner = new CountingScanner();
    scanner.judge = async (entity, { signal }) => {
      signals.push(signal);
      await gate.promise;
      read.push(await sha256Of(entity));
      return clean;
    };
    const cached = cache.decorate(scanner, {
      ...{ key: "IcapScanner/a/clamav", identity: "clamav@1" },
      ...{ rememberFromBytes: 0, shareFromBytes: 0 },
    });
    const judge = new DeadlineScanner(cached, { timeoutMs: 600_000 });
    under = await startScanning([{ scanner: judge, transactionTimeoutMs: 600_000 }]);
  });
  afterEach(async () => {
    gate.resolve();
    await under.close();
    await cache.close();
  });

  /** Both wait for one scan, which began for the first. */
  const both = async (message: Buffer): Promise<[IcapConnection, IcapConnection]> => {
    const first = await under.connect();
    await first.send(message);
    await expect.poll(() => scanner.scans).toBe(1);
    const second = await under.connect();
    await second.send(message);
    // Whoever waits for a scan has looked into the memory before.
    await expect.poll(() => metrics.reads.get("memory miss")).toBe(2);
    return [first, second];
  };
  const spooled = (): number => {
    const { memoryBytes, diskBytes } = under.spools.budget;
    return memoryBytes + diskBytes;
  };

  it.each([
    ["in memory", text(100_000), []],
    ["in a file", text(600_000), []],
    ["with a coding", gzipSync(text(600_000)), ["Content-Encoding: gzip"]],
  ])("have it scanned once when the first of them leaves: %s", async (_where, body, fields) => {
    const [first, second] = await both(response(body, ...fields));
    first.reset();
    await under.record(0);
    expect(spooled()).toBeGreaterThan(0);
    gate.resolve();
    expect((await second.readAnswer()).status).toBe(204);
    second.close();
    const bytes = fields.length === 0 ? body : text(600_000);
    expect(read).toEqual([createHash("sha256").update(bytes).digest("hex")]);
    await expect.poll(spooled).toBe(0);
  });

  it("have it scanned no further when both leave", async () => {
    const clients = await both(response(text(600_000)));
    for (const client of clients) client.reset();
    await under.record(1);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    gate.resolve();
    await expect.poll(spooled).toBe(0);
  });
});

async function sha256Of({ content }: Entity): Promise<string> {
  const hash = createHash("sha256");
  if (content.kind === "memory") return hash.update(content.data).digest("hex");
  for await (const piece of readContent(content)) hash.update(piece);
  return hash.digest("hex");
}

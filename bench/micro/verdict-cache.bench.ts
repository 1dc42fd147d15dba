import { randomBytes } from "node:crypto";
import { ScanCache } from "../../src/cache/index.ts";
import type { Entity } from "../../src/entity/index.ts";
import { CacheScope, type ScanContext, type Scanner } from "../../src/scanning/index.ts";
import { noCacheMetrics, silentLogger } from "../../src/telemetry/index.ts";
import type { MicroSuite } from "./suite.ts";

/** A scanner that costs nothing: what is left is the cache. */
const scanner: Scanner = {
  name: "clamav",
  epoch: "ClamAV 1.4.3/27500/2026-11-22",
  maxBytes: Number.POSITIVE_INFINITY,
  cacheScope: CacheScope.ContentAndName,
  scan: async () => ({ kind: "clean", threats: [] }),
  close: async () => {},
};

const cache = new ScanCache({
  maxBytes: 64 * 1024 * 1024,
  maxAgeMs: 60_000,
  redis: undefined,
  keys: [],
  metrics: noCacheMetrics,
  logger: silentLogger,
});
const remembered = cache.decorate(scanner, {
  key: "IcapScanner/security/clamav",
  identity: "q0Hk0mFz4l5tTtQz0Yw1n1mZbZ2C3w4e5r6t7y8u9i0",
  rememberFromBytes: 0,
  shareFromBytes: 0,
});

const entity = (sha256: string): Entity => ({
  content: { kind: "memory", data: Buffer.alloc(0) },
  size: 100_000,
  sha256,
  fileName: "report.pdf",
  declaredType: "application/pdf",
  detectedType: "application/pdf",
});
const context: ScanContext = {
  transactionId: "01JTESTTRANSACTION",
  service: "downloads",
  direction: "respmod",
  url: "http://files.example/report.pdf",
  host: "files.example",
  signal: new AbortController().signal,
  cacheTtl: { cleanMs: 3_600_000, blockedMs: 86_400_000 },
};
const known = entity("5".repeat(64));
const unknown = (): Entity => entity(randomBytes(32).toString("hex"));
await remembered.scan(known, context);

export const suite: MicroSuite = {
  title: "remember verdicts",
  tasks: [
    { name: "no cache", run: () => scanner.scan(known, context) },
    { name: "hit in memory", run: () => remembered.scan(known, context) },
    { name: "a hash to scan, without a cache", run: () => scanner.scan(unknown(), context) },
    {
      name: "the same with one: miss, scan, remember",
      run: () => remembered.scan(unknown(), context),
    },
  ],
  close: () => cache.close(),
};

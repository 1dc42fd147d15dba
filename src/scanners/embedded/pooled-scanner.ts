import { createHash } from "node:crypto";
import type { Entity } from "../../entity/index.ts";
import { CacheScope, type ScanContext, type Scanner, type Verdict } from "../../scanning/index.ts";
import type { HashListFile } from "../list/hashes/hash-list-file.ts";
import type { EngineReport } from "./scan-job.ts";
import type { ThreadPool } from "./thread-pool.ts";

/** What an embedded scanner is made of, for the start-up log and the status page. */
export interface EmbeddedScannerDescription {
  readonly name: string;
  readonly engine: string;
  /** Of the native engine; undefined without it. */
  readonly version: string | undefined;
  readonly rules: number;
  readonly hashes: number;
  readonly threads: number;
  /** One sentence: what cannot be used, why, and what scans instead; undefined when all is there. */
  readonly degraded: string | undefined;
}

export interface EmbeddedScanner extends Scanner {
  /** Scans that wait for a thread. */
  readonly waiting: number;
  describe(): EmbeddedScannerDescription;
}

export interface PooledScannerParts {
  readonly pool: ThreadPool;
  readonly report: EngineReport;
  readonly hashList: HashListFile | undefined;
  readonly maxBytes: number;
}

/** The face of the thread pool. */
export class PooledScanner implements EmbeddedScanner {
  readonly name = "embedded";
  readonly maxBytes: number;
  /** A program that is called a picture is blocked for its name. */
  readonly cacheScope = CacheScope.ContentAndName;
  readonly #parts: PooledScannerParts;

  constructor(parts: PooledScannerParts) {
    this.#parts = parts;
    this.maxBytes = parts.maxBytes;
  }

  get epoch(): string {
    const { report, hashList } = this.#parts;
    return createHash("sha256")
      .update(report.digest)
      .update(hashList?.list.digest ?? "")
      .digest("hex")
      .slice(0, 32);
  }

  get waiting(): number {
    return this.#parts.pool.waiting;
  }

  scan(entity: Entity, context: ScanContext): Promise<Verdict> {
    return this.#parts.pool.scan(entity, context.signal);
  }

  describe(): EmbeddedScannerDescription {
    const { pool, report, hashList } = this.#parts;
    return {
      name: this.name,
      engine: report.engine,
      version: report.version,
      rules: report.rules,
      hashes: hashList?.list.size ?? 0,
      threads: pool.size,
      degraded:
        report.unavailable === undefined
          ? undefined
          : `${report.unavailable}; scanning with the hash list, EICAR and type rules only`,
    };
  }

  async close(): Promise<void> {
    this.#parts.hashList?.close();
    await this.#parts.pool.close();
  }
}

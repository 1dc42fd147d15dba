import type { Entity } from "../../entity/index.ts";
import type { ScanContext, Verdict } from "../../scanning/index.ts";
import type { SharingResult } from "../../telemetry/index.ts";
import type { ServiceTtl } from "../lifetime.ts";
import type { RememberedVerdict, VerdictCache, VerdictKey } from "../verdict-cache.ts";

/** One question for a verdict. */
export interface Question {
  readonly key: VerdictKey;
  readonly cache: VerdictCache;
  /** Of the scanner, from before the question. */
  readonly epoch: string;
  readonly ttl: ServiceTtl;
  readonly entity: Entity;
  readonly context: ScanContext;
}

export interface Scanned {
  readonly verdict: Verdict;
  /** What others may be told of it; undefined: it is for the one who asked alone. */
  readonly remembered: RememberedVerdict | undefined;
}

/** The scanner whose scans are shared. */
export interface SharedScanner {
  scan(question: Question): Promise<Scanned>;
  /** Whether this may be told to whoever asked. */
  accepts(found: RememberedVerdict, question: Question): boolean;
  /** As it is told. */
  answer(found: RememberedVerdict): Verdict;
  /** To whoever does not wait any more. */
  gone(): Verdict;
  /** Somebody waited for a scan of this process, and it ended so. */
  awaited(result: SharingResult): void;
}

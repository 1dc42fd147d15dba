import { LRUCache } from "lru-cache";
import { type CacheMetrics, CacheTier, ReadResult, WriteResult } from "../telemetry/index.ts";
import { PurgeMarks } from "./purge-marks.ts";
import type {
  Claim,
  PurgeSelection,
  RememberedVerdict,
  TierStats,
  VerdictCache,
  VerdictKey,
} from "./verdict-cache.ts";

export interface MemoryVerdictCacheOptions {
  readonly maxBytes: number;
  /** Longest time in which a verdict is given again before whoever is behind is asked anew. */
  readonly maxAgeMs?: number;
  readonly metrics: CacheMetrics;
  /** Milliseconds since 1970, as `Date.now`. */
  readonly now: () => number;
}

interface Kept {
  readonly remembered: RememberedVerdict;
  readonly until: number;
}

/** Of an entry without texts, measured: key, verdict, times, and its place in the list. */
const ENTRY_BYTES = 420;
const BYTES_PER_CHARACTER = 2;
const OBJECT_BYTES = 64;

/** Verdicts in the memory of this process: the least recently used go first when there are too many bytes. */
export class MemoryVerdictCache implements VerdictCache {
  readonly #entries: LRUCache<string, Kept>;
  readonly #marks = new PurgeMarks();
  readonly #options: MemoryVerdictCacheOptions;

  constructor(options: MemoryVerdictCacheOptions) {
    this.#options = options;
    this.#entries = new LRUCache({
      maxSize: options.maxBytes,
      sizeCalculation: ({ remembered }) => bytesOf(remembered),
    });
  }

  get bytes(): number {
    return this.#entries.calculatedSize;
  }

  get size(): number {
    return this.#entries.size;
  }

  near(key: VerdictKey): RememberedVerdict | undefined {
    const found = this.#valid(key);
    this.#options.metrics.cacheRead(CacheTier.Memory, found ? ReadResult.Hit : ReadResult.Miss);
    return found;
  }

  async get(key: VerdictKey): Promise<RememberedVerdict | undefined> {
    return this.near(key);
  }

  /** Whoever claims has its turn: within one process `CachedScanner` sees to the rest. */
  async claim(key: VerdictKey): Promise<Claim> {
    return {
      kind: "turn",
      end: (remembered) => {
        if (remembered !== undefined) this.set(key, remembered);
      },
    };
  }

  set(key: VerdictKey, remembered: RememberedVerdict): void {
    const { maxAgeMs = Number.POSITIVE_INFINITY, metrics, now } = this.#options;
    const until = Math.min(remembered.expiresAt, now() + maxAgeMs);
    this.#entries.set(key.digest, { remembered, until });
    const stored = this.#entries.has(key.digest);
    metrics.cacheWritten(CacheTier.Memory, stored ? WriteResult.Stored : WriteResult.Dropped);
  }

  isPurged(key: VerdictKey, remembered: RememberedVerdict): boolean {
    return this.#marks.covers(key, remembered);
  }

  async purge(selection: PurgeSelection): Promise<void> {
    this.#marks.add(selection);
  }

  async stats(): Promise<readonly TierStats[]> {
    const { maxBytes } = this.#options;
    return [
      {
        tier: CacheTier.Memory,
        available: true,
        entries: this.size,
        bytes: this.bytes,
        maxBytes,
      },
    ];
  }

  async close(): Promise<void> {
    this.#entries.clear();
  }

  #valid(key: VerdictKey): RememberedVerdict | undefined {
    const kept = this.#entries.get(key.digest);
    if (kept === undefined) return undefined;
    const { remembered, until } = kept;
    if (this.#options.now() < until && !this.isPurged(key, remembered)) {
      return remembered;
    }
    this.#entries.delete(key.digest);
    return undefined;
  }
}

function bytesOf({ verdict }: RememberedVerdict): number {
  let characters = verdict.message?.length ?? 0;
  for (const { name, path = "", engine = "", ref = "" } of verdict.threats) {
    characters += name.length + path.length + engine.length + ref.length;
  }
  return ENTRY_BYTES + verdict.threats.length * OBJECT_BYTES + characters * BYTES_PER_CHARACTER;
}

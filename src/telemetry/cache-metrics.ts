/** Where a verdict is remembered; a closed list, so that it can be a metric label. */
export const CacheTier = { Memory: "memory", Redis: "redis" } as const;
export type CacheTier = (typeof CacheTier)[keyof typeof CacheTier];

/** How one read of a tier ended; a closed list, so that it can be a metric label. */
export const ReadResult = {
  Hit: "hit",
  Miss: "miss",
  /** The store gave no answer in time. */
  Timeout: "timeout",
  Error: "error",
  /** The store is sick and was not asked. */
  Skipped: "skipped",
  /** A value that nobody who has the key wrote, or that cannot be read. */
  Unverified: "unverified",
} as const;
export type ReadResult = (typeof ReadResult)[keyof typeof ReadResult];

/** How one write ended; a closed list, so that it can be a metric label. */
export const WriteResult = {
  Stored: "stored",
  Error: "error",
  /** The store is sick, or too much is under way. */
  Dropped: "dropped",
} as const;
export type WriteResult = (typeof WriteResult)[keyof typeof WriteResult];

/** How the wait for another's scan ended; a closed list, so that it can be a metric label. */
export const SharingResult = {
  /** The other's verdict was used. */
  Shared: "shared",
  /** The wait was in vain: it was scanned once more. */
  Alone: "alone",
} as const;
export type SharingResult = (typeof SharingResult)[keyof typeof SharingResult];

/** What the verdict cache tells while it runs. Every call is a plain addition. */
export interface CacheMetrics {
  cacheRead(tier: CacheTier, result: ReadResult): void;
  cacheWritten(tier: CacheTier, result: WriteResult): void;
  /** The same was being scanned in this process (`pod`) or in another (`fleet`). */
  scanAwaited(where: "pod" | "fleet", result: SharingResult): void;
  /** A verdict of a scanner, remembered or new. `scanner` is a configured name. */
  scannerAnswered(scanner: string, cached: boolean): void;
}

/** What the cache holds in this process at this moment. */
export interface CacheUsage {
  readonly entries: number;
  readonly bytes: number;
  /** Whether Redis is asked; undefined where there is none. */
  readonly redisAvailable?: boolean | undefined;
}

const ignore = (): void => {};

/** Counts nothing. */
export const noCacheMetrics: CacheMetrics = {
  cacheRead: ignore,
  cacheWritten: ignore,
  scanAwaited: ignore,
  scannerAnswered: ignore,
};

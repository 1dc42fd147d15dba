import type { Verdict } from "../scanning/index.ts";
import type { CacheTier } from "../telemetry/index.ts";

/** Under what a verdict is remembered. */
export interface VerdictKey {
  /** All that the verdict depends on, hashed: 192 bits as base64url. */
  readonly digest: string;
  /** The scanner as `purge` names it; never a part of what is found, which `digest` says alone. */
  readonly scanner: string;
  /** Of the entity, lower-case hex. */
  readonly sha256: string;
}

export interface RememberedVerdict {
  readonly verdict: Verdict;
  /** When the scan began, in milliseconds since 1970: a purge holds for scans that began before it. */
  readonly begunAt: number;
  /** When the scanner said it, on the same clock. */
  readonly judgedAt: number;
  /** When it is not to be used any more. */
  readonly expiresAt: number;
}

/** Which verdicts are forgotten: those for which all that is given holds. */
export interface PurgeSelection {
  readonly scanner?: string;
  readonly sha256?: string;
  /** Those whose scan began before this moment (milliseconds since 1970). */
  readonly before: number;
}

export interface TierStats {
  readonly tier: CacheTier;
  /** False: not asked at the moment. */
  readonly available: boolean;
  /** Undefined: not known. Of Redis: all keys of the database, Sluice's or not. */
  readonly entries?: number | undefined;
  readonly bytes?: number | undefined;
  readonly maxBytes?: number | undefined;
}

/** What a claim must know of the transaction that makes it. */
export interface ClaimTerms {
  /** Whether what is remembered may be used by this transaction. */
  readonly accepts: (remembered: RememberedVerdict) => boolean;
  readonly signal: AbortSignal;
  /** On the clock of `performance.now()`; undefined: none. */
  readonly deadlineAt: number | undefined;
}

/** Either somebody knows the verdict, or it is the claimant's turn to find it out. */
export type Claim =
  | { readonly kind: "known"; readonly remembered: RememberedVerdict }
  | {
      readonly kind: "turn";
      /** Called once at the end, with what is to be remembered, if anything. */
      readonly end: (remembered: RememberedVerdict | undefined) => void;
      /**
       * Present where the wait for another process was given up: its verdict, should it come after all;
       * undefined once the signal is aborted.
       */
      readonly elsewhere?: (signal: AbortSignal) => Promise<RememberedVerdict | undefined>;
    };

/**
 * Remembers verdicts. Nothing here ever fails a scan or holds it up for long: what cannot be read is
 * absent, what cannot be written is lost, and both are counted.
 */
export interface VerdictCache {
  /** What this process knows by itself, at once. */
  near(key: VerdictKey): RememberedVerdict | undefined;
  /** The same, and what the store knows. Never rejects; undefined also when there is no answer in time. */
  get(key: VerdictKey): Promise<RememberedVerdict | undefined>;
  /**
   * As `get`, for one who would scan next: of several processes that claim a key at the same time, one
   * has its turn and the others wait for its end, within bounds. Never rejects. That only one has its
   * turn saves work and nothing depends on it.
   */
  claim(key: VerdictKey, terms: ClaimTerms): Promise<Claim>;
  /** Whether a verdict was purged meanwhile, as far as this process knows. */
  isPurged(key: VerdictKey, remembered: RememberedVerdict): boolean;
  /** Returns at once; whether it arrives is told by metrics only. */
  set(key: VerdictKey, remembered: RememberedVerdict): void;
  /**
   * Forgets. Resolves once this process gives nothing of what is selected and the store knows of the
   * purge, which other processes follow within seconds; rejects when the store cannot be told.
   */
  purge(selection: PurgeSelection): Promise<void>;
  /** Of each tier, the nearest first. */
  stats(): Promise<readonly TierStats[]>;
  /** Ends connections; reads are misses from then on. Safe to call twice. */
  close(): Promise<void>;
}

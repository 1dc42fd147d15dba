/** Memory or Redis, as it is now; of several processes all of them together. */
export interface TierState {
  readonly tier: string;
  /** False: not asked at the moment. */
  readonly available: boolean;
  /** Undefined: not known. Of Redis: all keys of the database. */
  readonly entries?: number | undefined;
  readonly bytes?: number | undefined;
  readonly maxBytes?: number | undefined;
  /** How reads of it ended since the start: `hit`, `miss`, `timeout`, … */
  readonly reads: Readonly<Record<string, number>>;
}

export interface CacheState {
  /** The nearest first; none where the cache is switched off. */
  readonly tiers: readonly TierState[];
  readonly overrides: {
    readonly storage: "redis" | "memory";
    readonly allow: number;
    readonly block: number;
  };
  /** Worker processes that gave these figures. */
  readonly processes: number;
}

export interface LookupQuery {
  readonly sha256: string;
  /** What verdicts of some scanners depend on beside the content. */
  readonly declaredType?: string | undefined;
  readonly fileName?: string | undefined;
}

/** One remembered verdict. Times in milliseconds since 1970. */
export interface KnownVerdict {
  readonly scanner: string;
  readonly verdict: string;
  readonly reason?: string | undefined;
  readonly threats: readonly string[];
  readonly judgedAt: number;
  readonly expiresAt: number;
}

export interface CacheLookup {
  readonly verdicts: readonly KnownVerdict[];
  /** The scanners that remember, and what beside the content their verdicts depend on. */
  readonly scanners: readonly { readonly scanner: string; readonly scope: string }[];
  readonly override?: KeptOverride | undefined;
}

export interface PurgeOrder {
  readonly scanner?: string | undefined;
  readonly sha256?: string | undefined;
  /** Only verdicts that were given before this moment; undefined: all up to now. */
  readonly before?: number | undefined;
}

export interface PurgeDone {
  /** Where a scanner was named: those of this server that are called so. None is no failure. */
  readonly scanners?: readonly string[] | undefined;
}

/** What an operator says of a content. Times in milliseconds since 1970. */
export interface OverrideOrder {
  readonly sha256: string;
  readonly action: "allow" | "block";
  readonly reason: string;
  readonly author: string;
  readonly expiresAt: number;
  readonly services?: readonly string[] | undefined;
}

export interface KeptOverride extends OverrideOrder {
  readonly createdAt: number;
}

export interface OverrideChange {
  readonly before: KeptOverride | undefined;
  readonly after: KeptOverride | undefined;
}

export interface OverrideList {
  readonly storage: "redis" | "memory";
  readonly overrides: readonly KeptOverride[];
}

/**
 * What an operator can do with the cache, in all worker processes together. Arguments and results are
 * plain data, fit to be sent between processes; what cannot be done rejects with an `OperationError`.
 */
export interface CacheOperator {
  stats(): Promise<CacheState>;
  lookup(query: LookupQuery): Promise<CacheLookup>;
  purge(order: PurgeOrder): Promise<PurgeDone>;
  overrides(): Promise<OverrideList>;
  /** `at` is the moment of the wish, in milliseconds since 1970. */
  setOverride(order: OverrideOrder & { readonly at: number }): Promise<OverrideChange>;
  removeOverride(order: { readonly sha256: string; readonly at: number }): Promise<OverrideChange>;
}

/** Why an operation cannot be done. */
export const OperationFault = {
  /** It asks for what is not allowed. */
  Refused: "refused",
  /** It contradicts what is there. */
  Conflict: "conflict",
  /** Redis, or a worker process, did not confirm it. */
  Unconfirmed: "unconfirmed",
} as const;
export type OperationFault = (typeof OperationFault)[keyof typeof OperationFault];

export class OperationError extends Error {
  readonly fault: OperationFault;

  constructor(fault: OperationFault, message: string) {
    super(message);
    this.fault = fault;
  }
}

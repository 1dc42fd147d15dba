/** How one endpoint of a scanner is now. */
export interface EndpointState {
  /** Its base URL, as configured. */
  readonly url: string;
  /** Empty unless the name of the URL stands for addresses that are asked one by one. */
  readonly address: string;
  /** What its last probe said. */
  readonly isUp: boolean;
  /** Left alone, for its failures or at its own wish. */
  readonly isEjected: boolean;
  /** Requests under way. */
  readonly requests: number;
}

/** What became of a retry; a closed list, so that it can be a metric label. */
export const RetryResult = { Made: "made", OverBudget: "over-budget" } as const;
export type RetryResult = (typeof RetryResult)[keyof typeof RetryResult];

/** Why an endpoint is left alone; a closed list, so that it can be a metric label. */
export const EjectionReason = {
  /** Failures in a row. */
  Failures: "failures",
  /** `429` or `503` with `Retry-After`. */
  Busy: "busy",
} as const;
export type EjectionReason = (typeof EjectionReason)[keyof typeof EjectionReason];

/** What the clients of remote scanners tell. `scanner` is a configured name. */
export interface EndpointMetrics {
  probeEnded(scanner: string, isOk: boolean): void;
  retryWanted(scanner: string, result: RetryResult): void;
  endpointEjected(scanner: string, reason: EjectionReason): void;
  /** It shows an epoch that was not known, after one that was. */
  epochChanged(scanner: string): void;
  /** `read` is called at each scrape, until the function that is returned is called. */
  watchEndpoints(scanner: string, read: () => readonly EndpointState[]): () => void;
}

const ignore = (): void => {};

/** Counts nothing. */
export const noEndpointMetrics: EndpointMetrics = {
  probeEnded: ignore,
  retryWanted: ignore,
  endpointEjected: ignore,
  epochChanged: ignore,
  watchEndpoints: () => ignore,
};

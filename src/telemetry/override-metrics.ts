/** Why an override that lies in Redis is not believed; a closed list, so that it can be a metric label. */
export const OverrideDisbelief = {
  /** Nobody who has the key wrote it. */
  Unverified: "unverified",
  /** There is no key that would tell who wrote it, and it would let something pass. */
  NotAuthenticated: "not-authenticated",
  Unreadable: "unreadable",
} as const;
export type OverrideDisbelief = (typeof OverrideDisbelief)[keyof typeof OverrideDisbelief];

/** What overrides tell while they run. */
export interface OverrideMetrics {
  overrideRefused(reason: OverrideDisbelief): void;
}

/** How an operation of the admin API ended; a closed list, so that it can be a metric label. */
export const OperationResult = {
  Done: "done",
  /** The request was wrong, or what it asks for is not allowed. */
  Refused: "refused",
  /** Nobody knows who asked. */
  Unauthorized: "unauthorized",
  Failed: "failed",
} as const;
export type OperationResult = (typeof OperationResult)[keyof typeof OperationResult];

/** What the admin API tells. `operation` is one of its own names. */
export interface OperationMetrics {
  operationEnded(operation: string, result: OperationResult): void;
}

const ignore = (): void => {};

/** Counts nothing. */
export const noOverrideMetrics: OverrideMetrics = { overrideRefused: ignore };
export const noOperationMetrics: OperationMetrics = { operationEnded: ignore };

import type { Entity } from "../entity/index.ts";
import type { Verdict } from "./verdict.ts";

/** What a scanner may know about the transaction beside the entity itself. */
export interface ScanContext {
  /** The incident id of the transaction. */
  readonly transactionId: string;
  readonly service: string;
  readonly direction: "reqmod" | "respmod";
  readonly url: string | undefined;
  /** Aborted when the transaction's deadline passes or its client is gone. */
  readonly signal: AbortSignal;
  /** When a verdict is of no use any more, on the clock of `performance.now()`. */
  readonly deadlineAt?: number;
  /** W3C Trace Context of the transaction. */
  readonly traceparent?: string;
}

/**
 * Judges entities. A failure is a verdict (`error`, reason `timeout` or `engine-error`), never a
 * rejected promise; what to do about it is the caller's policy, never the scanner's.
 */
export interface Scanner {
  readonly name: string;
  /**
   * Identity of the engine with its signatures: changes exactly when the verdict on the same bytes
   * could change, equal on every pod and after every restart.
   */
  readonly epoch: string;
  /** Entities above this are not given to `scan`; the caller counts them as `unscannable`/`size`. */
  readonly maxBytes: number;
  scan(entity: Entity, context: ScanContext): Promise<Verdict>;
  /** Ends workers and connections; scans under way answer `error`. Safe to call twice. */
  close(): Promise<void>;
}

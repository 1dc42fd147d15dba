import type { Entity } from "../entity/index.ts";
import type { CacheScope, Verdict } from "./verdict.ts";

/** The client's own client, where the service shares it with scanners. */
export interface ClientIdentity {
  readonly address?: string;
  readonly user?: string;
  readonly groups?: readonly string[];
}

/** What a scanner may know about the transaction beside the entity itself. */
export interface ScanContext {
  /** The incident id of the transaction. */
  readonly transactionId: string;
  readonly service: string;
  readonly direction: "reqmod" | "respmod";
  readonly url: string | undefined;
  /** Host name of the URL, lower case, without its port. */
  readonly host?: string | undefined;
  /** Of the encapsulated HTTP request. */
  readonly httpMethod?: string | undefined;
  /** Of the encapsulated HTTP response. */
  readonly httpStatus?: number | undefined;
  /** Profile of the scanner that the service asks for: opaque, the scanner knows what it means. */
  readonly policy?: string | undefined;
  /** Left out where the service does not share it. */
  readonly identity?: ClientIdentity | undefined;
  /** Aborted when the transaction's deadline passes or its client is gone. */
  readonly signal: AbortSignal;
  /** When a verdict is of no use any more, on the clock of `performance.now()`. */
  readonly deadlineAt?: number;
  /** W3C Trace Context of the transaction. */
  readonly traceparent?: string;
  /** Vendors' part of it, with `traceparent` only. */
  readonly tracestate?: string;
}

/** What following a scan needs of the transaction that began it, which may be long over. */
export type FollowContext = Pick<ScanContext, "signal" | "deadlineAt" | "traceparent">;

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
  /** What its verdicts depend on; left out: the content alone. */
  readonly cacheScope?: CacheScope;
  scan(entity: Entity, context: ScanContext): Promise<Verdict>;
  /**
   * The verdict of a scan that answered `pending` with this job, on this or on another pod; `pending`
   * again when the context's time is up before it comes. Only of scanners that give jobs.
   */
  follow?(job: string, context: FollowContext): Promise<Verdict>;
  /** Ends workers and connections; scans under way answer `error`. Safe to call twice. */
  close(): Promise<void>;
}

/** What a service did with a message. */
export const OutcomeKind = {
  Unmodified: "unmodified",
  Blocked: "blocked",
  Modified: "modified",
  Failed: "failed",
} as const;
export type OutcomeKind = (typeof OutcomeKind)[keyof typeof OutcomeKind];

/**
 * Why the outcome is what it is; a closed list, so that it can be a metric label. `verdict` and
 * `clean` are the ordinary ones; each of the others names one way of not knowing (bar 1).
 */
export const Cause = {
  None: "none",
  Clean: "clean",
  Verdict: "verdict",
  Policy: "policy",
  /** An operator allowed or blocked this very content. */
  Override: "override",
  Error: "error",
  Timeout: "timeout",
  Oversize: "oversize",
  Unscannable: "unscannable",
  Suspicious: "suspicious",
  Unknown: "unknown",
  Pending: "pending",
  ClientAbort: "client-abort",
  /** The client took nothing of its answer for too long. */
  WriteTimeout: "write-timeout",
  Protocol: "protocol",
  /** The server does not serve this client, or not one connection more. */
  Refused: "refused",
  Draining: "draining",
} as const;
export type Cause = (typeof Cause)[keyof typeof Cause];

/** One ended transaction: the only thing that logs, metrics and traces are made from. */
export interface TransactionRecord {
  /** Unique, shown to the user on the block page. */
  readonly incidentId: string;
  /** Name of the service, or undefined when none was reached (404, parse error). */
  readonly service: string | undefined;
  readonly method: "OPTIONS" | "REQMOD" | "RESPMOD" | "other";
  /** Status of the ICAP answer; 0 when none was sent (client gone). */
  readonly icapStatus: number;
  readonly outcome: OutcomeKind;
  readonly cause: Cause;
  /** Address of the ICAP client (the proxy), after PROXY protocol. */
  readonly peer: string;
  /** Address of the end user as the proxy names it (X-Client-IP); present only where the service opts in. */
  readonly clientIp?: string | undefined;
  readonly user?: string | undefined;
  readonly groups?: readonly string[] | undefined;
  /** HTTP method and host of the message; never its query string. */
  readonly httpMethod?: string | undefined;
  readonly host?: string | undefined;
  readonly entityType?: string | undefined;
  readonly entitySize?: number | undefined;
  readonly sha256?: string | undefined;
  readonly verdict?: string | undefined;
  /** Why the verdict is what it is. */
  readonly reason?: string | undefined;
  /** Of a verdict that came to nothing: what was the matter, in words. */
  readonly message?: string | undefined;
  /** True when the verdict was remembered from an earlier scan. */
  readonly cached?: boolean | undefined;
  readonly threats?: readonly string[] | undefined;
  /** The rule that decided. */
  readonly rule?: string | undefined;
  /** Rules that matched and only note it. */
  readonly monitored?: readonly string[] | undefined;
  /** What an operator had said of this content, why, and who. */
  readonly override?: "allow" | "block" | undefined;
  readonly overrideReason?: string | undefined;
  readonly overrideAuthor?: string | undefined;
  /** In a service that only monitors: the outcome that was withheld. */
  readonly withheld?: OutcomeKind | undefined;
  /** Code of the error registry of the wire, when that ended the transaction. */
  readonly errorCode?: string | undefined;
  /** What was wrong, in words; what it quotes of the client is bounded, escaped and no secret. */
  readonly errorMessage?: string | undefined;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Milliseconds from the first byte of the request to the last byte of the answer. */
  readonly durationMs: number;
  /** Milliseconds spent waiting for scanners. */
  readonly scanMs?: number | undefined;
}

/** Whoever wants to see ended transactions. Must not throw and must not keep the record. */
export type TransactionSubscriber = (record: TransactionRecord) => void;

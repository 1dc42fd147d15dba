import type { RequestParserOptions } from "../protocol/index.ts";
import type { ConnectionMetrics, RefusalReason } from "../telemetry/index.ts";
import type { TransactionEngine } from "../transaction/index.ts";
import type { Deadlines } from "./deadlines.ts";

/** Bounds in time of one connection. Milliseconds. */
export interface ConnectionTimeouts {
  /** From the first byte of a request to the end of its heads. */
  readonly headTimeoutMs: number;
  /** Between two reads of a body. */
  readonly bodyTimeoutMs: number;
  /** Between two requests. */
  readonly idleTimeoutMs: number;
  /** For a client to take what was sent. */
  readonly writeTimeoutMs: number;
  /** For the answer to a client that has closed its side: it waits, or is gone. */
  readonly halfClosedTimeoutMs: number;
  /** For a client to close after our last answer. */
  readonly lingerTimeoutMs: number;
}

export interface ConnectionOptions extends ConnectionTimeouts {
  readonly parser: RequestParserOptions;
  readonly pipelined: number;
  /** 0: no limit. */
  readonly maxRequests: number;
  /** When the connection announces its end, in milliseconds of the deadlines' clock. */
  readonly retiresAt: number;
}

/** Who is at the other end. */
export interface ConnectionSource {
  readonly client: string | undefined;
  /** The peer is a trusted proxy, whose first bytes name the client (PROXY protocol). */
  readonly awaitsPreface: boolean;
}

/** What a connection may ask of the server it belongs to. */
export interface ConnectionHost<C> {
  readonly engine: TransactionEngine;
  readonly deadlines: Deadlines;
  readonly metrics: ConnectionMetrics;
  /** Every answer must announce the end of its connection. */
  readonly draining: boolean;
  /** The client behind the PROXY preface is known: may it stay? */
  admit(connection: C, client: string): RefusalReason | undefined;
  onClosed(connection: C): void;
}

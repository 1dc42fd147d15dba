import type { Verdict } from "../../scanning/index.ts";
import type { MetricsRegistry } from "../../telemetry/index.ts";

/** What a request to `POST /v1/scan` asks an engine to judge. */
export interface ScanSubject {
  /**
   * The bytes as they arrive; what is not taken holds up the sender. Can be read once. Throws a
   * `ScanProblem` when they become too many, and when they end before their time.
   */
  readonly body: AsyncIterable<Buffer>;
  /** Length in bytes; undefined when the sender did not say. */
  readonly size: number | undefined;
  /** Aborted when the deadline passes, the client is gone or the server ends. */
  readonly signal: AbortSignal;
}

export interface EngineVerdict {
  readonly verdict: Verdict;
  /** Of the very engine that judged, when there are several. */
  readonly epoch: string;
}

/** What an engine says of itself now. */
export interface EngineState {
  /** Identity of engine and signatures: changes exactly when a verdict could. */
  readonly epoch: string;
  readonly version?: string | undefined;
  readonly signatures?: string | undefined;
  readonly signaturesDate?: string | undefined;
  /** Why it cannot judge now; undefined when it can. */
  readonly notReady?: string | undefined;
}

/** Whatever judges behind a scan/v1 server. */
export interface ScanEngine {
  readonly name: string;
  state(): EngineState;
  /**
   * Rejects with a `ScanProblem` when the answer must not be a verdict: the engine is not to be
   * had, the time is over. An engine that looked and failed gives the verdict `error`.
   */
  scan(subject: ScanSubject): Promise<EngineVerdict>;
  /** Adds metrics of its own. */
  expose(registry: MetricsRegistry): void;
  /** Ends probes and connections. Safe to call twice. */
  close(): Promise<void>;
}

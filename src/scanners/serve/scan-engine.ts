import type { CacheScope, ClientIdentity, Verdict } from "../../scanning/index.ts";
import type { MetricsRegistry } from "../../telemetry/index.ts";

/** What a request to `POST /v1/scan` asks an engine to judge. */
export interface ScanSubject {
  /**
   * The bytes as they arrive; what is not taken holds up the sender. Can be read once. Throws a
   * `ScanProblem` when they become too many, and when they end before their time.
   */
  readonly body: AsyncIterable<Buffer>;
  /** The same as a whole, where it is small and of known length; then either is read. */
  readonly pieces?: readonly Buffer[];
  /** Length of the body in bytes; undefined when the sender did not say. */
  readonly size: number | undefined;
  /** Aborted when the deadline passes, the client is gone or the server ends. */
  readonly signal: AbortSignal;
  /**
   * Of the entity, lower-case hex, where the client told it. An engine without the input `content`
   * is always told that of the bytes when there were any.
   */
  readonly sha256: string | undefined;
  readonly facts: SubjectFacts;
  /**
   * How long the client waits before it would rather have the verdict `pending` with a job; 0: as soon
   * as there is one. Left out: it takes none.
   */
  readonly holdMs?: number | undefined;
  /** How much of the transaction this is: `full`, unless the engine can judge before. */
  readonly stage?: ScanStage;
}

/** What the fields of a request say of the transaction: untrusted, within the server's limits. */
export interface SubjectFacts {
  /** `Content-Disposition`, decoded; not sanitised. */
  readonly fileName?: string | undefined;
  /** `Content-Type` without parameters, lower case. */
  readonly declaredType?: string | undefined;
  readonly detectedType?: string | undefined;
  readonly url?: string | undefined;
  readonly host?: string | undefined;
  readonly httpMethod?: string | undefined;
  readonly httpStatus?: number | undefined;
  readonly direction?: "reqmod" | "respmod" | undefined;
  readonly service?: string | undefined;
  readonly policy?: string | undefined;
  readonly identity?: ClientIdentity | undefined;
}

/** How long a client waits that asks about a scan which goes on. */
export interface FollowedWait {
  readonly holdMs: number;
  /** Aborted when the client is gone or the server ends. */
  readonly signal: AbortSignal;
}

/** What of a transaction a request brings: its fields alone, the first bytes, or all. */
export type ScanStage = "headers" | "preview" | "full";

/** New content in place of the entity, sent as it comes. */
export interface EngineReplacement {
  readonly content: AsyncIterable<Buffer>;
  readonly size?: number | undefined;
  /** Left out: that of the old. */
  readonly mediaType?: string | undefined;
  /**
   * The verdict when it is known only after the content, as a redactor's is; then it is sent behind
   * the content. The client drops the content when it is not `modified`.
   */
  readonly conclusion?: Promise<Verdict> | undefined;
  /** Called once, when the content is not read any more, be it that nobody ever did. */
  readonly dispose?: () => void | Promise<void>;
}

export interface EngineVerdict {
  readonly verdict: Verdict;
  /** With the verdict `modified`, and only then. */
  readonly replacement?: EngineReplacement | undefined;
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

/** What an engine needs and does, for `GET /v1/info`. */
export interface EngineAbilities {
  /** Without `content` it is sent no body. */
  readonly inputs: readonly ("content" | "hash" | "url" | "headers")[];
  /** It can answer `modified`. */
  readonly replaces?: boolean;
  /** It can answer `pending` with a job, and `follow` that. */
  readonly defers?: boolean;
  /** Left out: `full` alone. What it cannot judge at an earlier stage it is not asked then. */
  readonly stages?: readonly ScanStage[];
  readonly cacheScope?: CacheScope;
  /** Left out: whatever is asked for is passed on. Else others are refused. */
  readonly policies?: readonly string[];
}

/** Whatever judges behind a scan/v1 server. */
export interface ScanEngine {
  readonly name: string;
  /** Left out: content in, a verdict on it out. */
  readonly abilities?: EngineAbilities;
  state(): EngineState;
  /**
   * Rejects with a `ScanProblem` when the answer must not be a verdict: the engine is not to be
   * had, the time is over. An engine that looked and failed gives the verdict `error`.
   */
  scan(subject: ScanSubject): Promise<EngineVerdict>;
  /**
   * The verdict on a scan that was `pending` with this job, here or in another process; again `pending`
   * with a job after `holdMs`. A job that is none of this engine's is the verdict `error`. Rejects as
   * `scan` does. Only of engines that defer.
   */
  follow?(job: string, wait: FollowedWait): Promise<EngineVerdict>;
  /** Adds metrics of its own. */
  expose(registry: MetricsRegistry): void;
  /** Ends probes and connections. Safe to call twice. */
  close(): Promise<void>;
}

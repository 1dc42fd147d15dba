import type { Entity } from "../entity/index.ts";
import type { ArrivingEntity, EarlyScans } from "./early-scans.ts";
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
  /** How long the service lets verdicts be used again; 0: not at all. Left out: as the cache sees fit. */
  readonly cacheTtl?: { readonly cleanMs: number; readonly blockedMs: number } | undefined;
  /** Left out where the service does not share it. */
  readonly identity?: ClientIdentity | undefined;
  /** The verdict may be `modified`: whoever asks can put a replacement in the place of the entity. */
  readonly takesReplacement?: boolean;
  /** Aborted when the transaction's deadline passes or its client is gone. */
  readonly signal: AbortSignal;
  /**
   * Somebody will `follow` a scan that is `pending` when the time is up: its job is kept. Otherwise the
   * scanner is told that nobody waits any more.
   */
  readonly keepJob?: boolean;
  /**
   * With `keepJob`: the job is wanted as soon as there is one. Whoever asks follows it, without holding
   * a place of the scanner meanwhile.
   */
  readonly jobAtOnce?: boolean;
  /** When a verdict is of no use any more, on the clock of `performance.now()`. */
  readonly deadlineAt?: number;
  /** W3C Trace Context of the transaction. */
  readonly traceparent?: string;
  /** Vendors' part of it, with `traceparent` only. */
  readonly tracestate?: string;
  /**
   * Keeps the entity's bytes valid until the function that it returns is called, also beyond the end
   * of the transaction: for whoever reads on when nobody waits for the verdict any more. The bytes stay
   * in the budget meanwhile. Left out: they are valid as long as the caller waits.
   */
  readonly retain?: (() => () => void) | undefined;
  /** Who gets the message, for what is recorded of it; left out where the service records nobody. */
  readonly recipient?: ClientIdentity | undefined;
  /** Calls the listener once it is decided what becomes of the message. Left out: nobody tells. */
  readonly onDecided?: ((listener: (decision: Decision) => void) => void) | undefined;
  /** Scans of the entity that began before its end. */
  readonly early?: EarlyScans | undefined;
  /**
   * Bytes that are still arriving, to be scanned in place of the entity's, which has neither length nor
   * hash. Only for scanners with `takesArriving`.
   */
  readonly arriving?: ArrivingEntity | undefined;
}

/** What becomes of a message. */
export interface Decision {
  /** It goes on to its receiver, as it is or changed. */
  readonly passes: boolean;
  /** A verdict condemns it: no other one could make it worse. */
  readonly isCondemned: boolean;
}

/** Of a scan that begins before the end of its entity. */
export interface EarlyContext extends ScanContext {
  readonly early: EarlyScans;
  /** What this scanner blocks is blocked, whatever others say. */
  readonly decides: boolean;
}

/** What a verdict may depend on, for one who remembers it later than the scan. */
export type JudgedEntity = Pick<Entity, "sha256" | "size" | "declaredType" | "fileName">;
export type JudgedContext = Pick<
  ScanContext,
  "url" | "host" | "policy" | "identity" | "takesReplacement" | "cacheTtl"
>;

/** What following a scan needs of the transaction that began it, which may be long over. */
export type FollowContext = Pick<ScanContext, "signal" | "deadlineAt" | "traceparent">;

/** A moment at which a scanner may be asked before the whole entity is there. */
export const ScanStage = {
  /** The heads of the message are there. */
  Headers: "headers",
  /** So are the first bytes of the entity, and its sender waits. */
  Preview: "preview",
} as const;
export type ScanStage = (typeof ScanStage)[keyof typeof ScanStage];

/** What there is of an entity before all of it. */
export interface Beginning extends Pick<Entity, "fileName" | "declaredType" | "detectedType"> {
  readonly stage: ScanStage;
  /** The first bytes; none at `headers`. Valid until the caller has its answer. */
  readonly bytes: Buffer;
  /** Of the whole entity, as its sender says; undefined when it does not. */
  readonly totalBytes: number | undefined;
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
  /**
   * Of its configuration, the same on every pod: another wherever that could change a verdict. Only of
   * scanners whose verdicts are remembered.
   */
  readonly identity?: string | undefined;
  /** What its verdicts depend on; left out: the content alone. */
  readonly cacheScope?: CacheScope;
  scan(entity: Entity, context: ScanContext): Promise<Verdict>;
  /** Whether it can be given bytes that are still arriving (`ScanContext.arriving`), as of now. */
  readonly takesArriving?: boolean;
  /**
   * The entity is arriving: scans of it may begin. They are kept in `context.early`, where `scan` finds
   * them; whoever calls ends what was not asked for. Left out: nothing can begin before the end.
   */
  begin?(arriving: ArrivingEntity, context: EarlyContext): void;
  /** Where `screen` may come to a decision, as of now; left out: nowhere. */
  readonly stages?: readonly ScanStage[];
  /**
   * Decides on the beginning of an entity: `clean` or `blocked`. Undefined when that takes all of the
   * entity, or something failed: then `scan` is asked. Never rejects.
   */
  screen?(beginning: Beginning, context: ScanContext): Promise<Verdict | undefined>;
  /**
   * The verdict of a scan that answered `pending` with this job, on this or on another pod; `pending`,
   * with the job, when the context's time is up or the scanner is closed before it comes; `error` when
   * the scan is lost, or the job is none of this scanner's. Only of scanners that give jobs.
   */
  follow?(job: string, context: FollowContext): Promise<Verdict>;
  /**
   * Keeps the verdict that `follow` gave, for the next scan of the same; `epoch` is the scanner's from
   * before the scan, which began at `begunAt` (milliseconds since 1970). Only of scanners whose
   * verdicts are remembered; ignores what must not be.
   */
  remember?(
    entity: JudgedEntity,
    context: JudgedContext,
    judged: { readonly verdict: Verdict; readonly epoch: string; readonly begunAt: number },
  ): void;
  /**
   * The verdict that is remembered of the same, of an entity of any size. Asks nobody else and never
   * rejects. Only of scanners whose verdicts are remembered.
   */
  recall?(entity: JudgedEntity, context: JudgedContext): Promise<Verdict | undefined>;
  /** Ends workers and connections; scans under way answer `error`. Safe to call twice. */
  close(): Promise<void>;
}

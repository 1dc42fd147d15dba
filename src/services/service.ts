import type { KeptBody, SpoolFailure } from "../entity/index.ts";
import type { Method } from "../protocol/index.ts";
import type { Message } from "./message.ts";
import type { Outcome } from "./outcome.ts";

/** The body of a message as it was received: complete, or why it could not be kept. */
export type ReceivedBody =
  | { readonly kind: "none" }
  | { readonly kind: "complete"; readonly body: KeptBody }
  | { readonly kind: "failed"; readonly failure: SpoolFailure };

/** What a judgement may use beside the message. */
export interface JudgeContext {
  readonly incidentId: string;
  /** Aborted when the deadline passes or the client is gone. */
  readonly signal: AbortSignal;
}

/** The service cannot tell yet: it wants the preview, or all of the body. */
export const NEEDS_MORE = "needs-more";

/**
 * What is offered under an ICAP path. Knows nothing of sockets or of how an answer is framed: it is
 * given a message and gives an outcome.
 */
export interface Service {
  readonly name: string;
  /** Normalised, with its leading slash. */
  readonly path: string;
  readonly methods: readonly Exclude<Method, "OPTIONS">[];
  /** Quoted ISTag of this moment (RFC 3507 §4.7). */
  readonly istag: string;
  /** Fields of the OPTIONS answer, each with its CRLF. */
  readonly optionsFields: string;
  /** Fields of an ordinary unmodified answer, each with its CRLF. */
  readonly unmodifiedFields: string;
  /** Bodies above this are not kept: they are `oversize`. */
  readonly maxEntityBytes: number;
  /** Milliseconds from the end of the body to the answer. */
  readonly transactionTimeoutMs: number;
  /** The client's own client (address, user, groups) may be recorded. */
  readonly recordsIdentity: boolean;

  /**
   * Decides on the heads, and once more on the preview when the client sent one. Synchronous: it must
   * not wait for anything. Called before a byte of the body is kept.
   */
  decide(message: Message, preview: Buffer | undefined): Outcome | typeof NEEDS_MORE;

  /** Judges the whole message after `decide` asked for more. Failures are outcomes. */
  judge(message: Message, body: ReceivedBody, context: JudgeContext): Promise<Outcome>;
}

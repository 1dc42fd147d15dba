import type { ArrivingBody, KeptBody, SpoolFailure } from "../entity/index.ts";
import type { Method } from "../protocol/index.ts";
import type { Message } from "./message.ts";
import type { Outcome } from "./outcome.ts";

/** The body of a message as it was received: complete, or why it could not be kept. */
export type ReceivedBody =
  | { readonly kind: "none" }
  | {
      readonly kind: "complete";
      readonly body: KeptBody;
      /** Keeps the bytes valid beyond the transaction, until the function that it returns is called. */
      readonly retain?: () => () => void;
    }
  | { readonly kind: "failed"; readonly failure: SpoolFailure };

/** Where a message comes from. */
export interface MessageSource {
  /** Address of the ICAP client. */
  readonly peer: string;
  /** Names the transaction to people; made when somebody asks. */
  readonly incidentId: string;
}

/** The service cannot tell yet: it wants the preview, or all of the body. */
export const NEEDS_MORE = "needs-more";

/** What a service does about a body that is still arriving. */
export interface EarlyJudgement {
  /** Resolves when the rest of the body cannot change the outcome any more, which may be never. */
  readonly decided: Promise<Outcome>;
  /** Ends what runs and was not taken up by `judge`. */
  end(): void;
}

/** One message under examination by a service. */
export interface Examination {
  /**
   * Decides on the heads, and once more on the preview when the client sent one. Synchronous: it
   * waits for nothing. Asked before a byte of the body is kept.
   */
  decide(preview: Buffer | undefined): Outcome | typeof NEEDS_MORE;
  /** Somebody may come to a decision on the preview, though not at once. */
  readonly screens?: boolean;
  /**
   * Asks them, while the client waits at its preview, after `decide` needed more and where `screens`
   * says so. What fails here is left to `judge`.
   */
  screen?(preview: Buffer, signal: AbortSignal): Promise<Outcome | typeof NEEDS_MORE>;
  /**
   * After `decide` asked for more: so much of the body is here that it is worth to begin. Undefined when
   * there is nothing to do before its end. Left out: there never is.
   */
  arrive?(body: () => ArrivingBody): EarlyJudgement | undefined;
  /**
   * Judges the whole message after `decide` asked for more. Failures are outcomes.
   *
   * @param signal aborted when the deadline passes or the client is gone
   */
  judge(body: ReceivedBody, signal: AbortSignal): Promise<Outcome>;
}

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

  /** Whether an ICAP client of this address may use the service. */
  admits(peer: string): boolean;
  examine(message: Message, source: MessageSource): Examination;
}

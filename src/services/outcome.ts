import type { EntityContent } from "../entity/index.ts";
import type { IcapError } from "../protocol/index.ts";
import type { Verdict } from "../scanning/index.ts";
import type { Cause, OutcomeKind } from "../telemetry/index.ts";
import type { Override } from "./overrides.ts";

/** What is told of an outcome beside the outcome itself: in the answer's head and in the record. */
export interface OutcomeReport {
  readonly cause: Cause;
  /** ICAP header fields that tell the verdict, each with its CRLF; checked for line ends. */
  readonly fields: string;
  readonly verdict?: Verdict | undefined;
  /** Facts of the entity for the log: of the one the verdict is about. */
  readonly entityType?: string | undefined;
  readonly sha256?: string | undefined;
  /** Milliseconds spent waiting for scanners. */
  readonly scanMs?: number | undefined;
  /** The rule that decided. */
  readonly rule?: string | undefined;
  /** Rules that matched and only note it. */
  readonly monitored?: readonly string[] | undefined;
  /** What an operator had said of an entity of the message. */
  readonly override?: Override | undefined;
  /** What the outcome would have been in a service that enforces. */
  readonly withheld?: OutcomeKind | undefined;
}

/** An HTTP message that takes the place of the client's: complete and in memory. */
export interface HttpReplacement {
  /** Head with its blank line, latin1. */
  readonly head: string;
  /** Undefined: the head stands alone, as for a HEAD request. */
  readonly body: Buffer | undefined;
}

/** New content, out of several places. Whoever is given it disposes of it when it was sent. */
export interface ReplacedContent {
  readonly pieces: readonly EntityContent[];
  /** Bytes of all pieces. */
  readonly size: number;
  /** Safe to call twice. */
  dispose(): void;
}

/** The body of a modified message. */
export type ModifiedBody =
  /** The message has no body, before and after. */
  | { readonly kind: "none" }
  /** `prefix`, then the original's bytes from `offset` on (206 Partial Content says just this). */
  | { readonly kind: "original"; readonly prefix: Buffer; readonly offset: number }
  | { readonly kind: "replaced"; readonly content: ReplacedContent };

/** What a service does with a message (design: unmodified, blocked, modified, failed). */
export type Outcome = { readonly report: OutcomeReport } & (
  | { readonly kind: "unmodified" }
  | { readonly kind: "blocked"; readonly replacement: HttpReplacement }
  | { readonly kind: "modified"; readonly head: string; readonly body: ModifiedBody }
  | {
      readonly kind: "failed";
      /** Told as an ICAP error, or as a page to a person who waits for one. */
      readonly answer: IcapError | HttpReplacement;
    }
);

/** A transaction that ends in an ICAP error which no verdict led to. */
export function failedWith(answer: IcapError, cause: Cause): Outcome {
  return { kind: "failed", answer, report: { cause, fields: "" } };
}

/** Lets go of what an outcome holds: it was sent, or nobody will send it. */
export function releaseOutcome(outcome: Outcome | undefined): void {
  if (outcome?.kind === "modified" && outcome.body.kind === "replaced") {
    outcome.body.content.dispose();
  }
}

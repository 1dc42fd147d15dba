/** Why an extraction could not show everything: a closed list. */
export const ProblemReason = {
  /** The body, decoded, is larger than allowed. */
  DecodedSize: "decoded-size",
  /** The body grows by more than the allowed ratio when it is decoded. */
  DecodedRatio: "decoded-ratio",
  MalformedEncoding: "malformed-encoding",
  UnsupportedEncoding: "unsupported-encoding",
  TooManyEncodings: "too-many-encodings",
  MalformedMultipart: "malformed-multipart",
  TooManyParts: "too-many-parts",
  PartHeadersTooLarge: "part-headers-too-large",
  NestedTooDeep: "nested-too-deep",
  SpoolFull: "spool-full",
  DiskError: "disk-error",
  Aborted: "aborted",
} as const;
export type ProblemReason = (typeof ProblemReason)[keyof typeof ProblemReason];

/**
 * What a problem is to a policy: `oversize` (too large to look at), `unscannable` (cannot be looked
 * into) or `error` (our own fault or the transaction's end).
 */
export type ProblemKind = "oversize" | "unscannable" | "error";

export interface EntityProblem {
  readonly kind: ProblemKind;
  readonly reason: ProblemReason;
  /** The system's error, when there is one. */
  readonly cause?: Error;
}

const KIND_OF: Readonly<Record<ProblemReason, ProblemKind>> = {
  "decoded-size": "oversize",
  "decoded-ratio": "unscannable",
  "malformed-encoding": "unscannable",
  "unsupported-encoding": "unscannable",
  "too-many-encodings": "unscannable",
  "malformed-multipart": "unscannable",
  "too-many-parts": "unscannable",
  "part-headers-too-large": "unscannable",
  "nested-too-deep": "unscannable",
  "spool-full": "error",
  "disk-error": "error",
  aborted: "error",
};

export function problem(reason: ProblemReason, cause?: unknown): EntityProblem {
  const kind = KIND_OF[reason];
  return cause instanceof Error ? { kind, reason, cause } : { kind, reason };
}

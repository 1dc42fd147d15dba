/**
 * Reasons of the conditions that compiling decides: closed lists, documented in
 * docs/resources/conditions.md. `Programmed`, `Ready` and `Healthy` are the operator's.
 */
export const AcceptedReason = {
  Accepted: "Accepted",
  /** Fields that are unknown, missing, of the wrong form or contradict each other. */
  Invalid: "Invalid",
  /** Another object of this kind has the same namespace and name. */
  DuplicateName: "DuplicateName",
  /** A rule does not parse, does not type-check or is too complex. */
  InvalidRule: "InvalidRule",
  /** The template of a scanner, or what it is filled in with, is wrong. */
  InvalidTemplate: "InvalidTemplate",
  /** An older service has the path. */
  PathConflict: "PathConflict",
  /** Valid, and of a kind that this build or gateway does not serve. */
  NotServed: "NotServed",
} as const;
export type AcceptedReason = (typeof AcceptedReason)[keyof typeof AcceptedReason];

export const ResolvedRefsReason = {
  ResolvedRefs: "ResolvedRefs",
  ScannerNotFound: "ScannerNotFound",
  /** The scanner exists and does not admit services of this namespace. */
  ScannerNotPermitted: "ScannerNotPermitted",
  /** The scanner exists and is not accepted itself. */
  ScannerNotAccepted: "ScannerNotAccepted",
  /** A ConfigMap or its key is missing. */
  ConfigMapNotFound: "ConfigMapNotFound",
  /** A Secret or its key is missing. */
  SecretNotFound: "SecretNotFound",
} as const;
export type ResolvedRefsReason = (typeof ResolvedRefsReason)[keyof typeof ResolvedRefsReason];

/** A metav1.Condition without its time, which is the writer's. */
export interface Condition {
  readonly type: "Accepted" | "ResolvedRefs";
  readonly status: "True" | "False";
  readonly reason: AcceptedReason | ResolvedRefsReason;
  readonly message: string;
  readonly observedGeneration?: number;
}

/** What keeps an object from being served, or a part of it from working. */
export interface Finding<Reason extends string> {
  readonly reason: Reason;
  readonly path: readonly (string | number)[];
  readonly message: string;
}

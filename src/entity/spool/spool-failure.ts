/** Why a body could not be kept: a closed list. */
export const SpoolFailureKind = {
  /** The body is larger than allowed. What came before is kept and can be replayed. */
  Oversize: "oversize",
  /** The budget for spool files, or the disk itself, is used up. */
  SpoolFull: "spool-full",
  /** The disk answered with another error. */
  DiskError: "disk-error",
} as const;
export type SpoolFailureKind = (typeof SpoolFailureKind)[keyof typeof SpoolFailureKind];

export interface SpoolFailure {
  readonly kind: SpoolFailureKind;
  /** The system's error, when there is one. */
  readonly cause?: Error;
}

const FULL_DISK_CODES = new Set(["ENOSPC", "EDQUOT"]);

/** The failure that a system error means. */
export function failureOf(error: unknown): SpoolFailure {
  const cause = error instanceof Error ? error : new Error(String(error));
  const full = FULL_DISK_CODES.has((cause as NodeJS.ErrnoException).code ?? "");
  return { kind: full ? SpoolFailureKind.SpoolFull : SpoolFailureKind.DiskError, cause };
}

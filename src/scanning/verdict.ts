/** A scanner's judgement of an entity (design: the eight words of scan/v1). */
export const VerdictKind = {
  Clean: "clean",
  Blocked: "blocked",
  Suspicious: "suspicious",
  /** The scanner cannot look inside: encrypted, too deep, too large for it, of a type it rejects. */
  Unscannable: "unscannable",
  /** The scanner looked and has no opinion, for example a hash list that does not list the hash. */
  Unknown: "unknown",
  Modified: "modified",
  Pending: "pending",
  Error: "error",
} as const;
export type VerdictKind = (typeof VerdictKind)[keyof typeof VerdictKind];

/** Why a verdict is what it is; a closed list, so that metrics can carry it as a label. */
export const VerdictReason = {
  Malware: "malware",
  Sandbox: "sandbox",
  Dlp: "dlp",
  Category: "category",
  Policy: "policy",
  Type: "type",
  Size: "size",
  Encrypted: "encrypted",
  ArchiveLimit: "archive-limit",
  Malformed: "malformed",
  Timeout: "timeout",
  /** More work than the scanner takes on: its queue is full. */
  Overload: "overload",
  EngineError: "engine-error",
} as const;
export type VerdictReason = (typeof VerdictReason)[keyof typeof VerdictReason];

/** One thing found. Strings come from outside and are untrusted: escape or clean them where they are shown. */
export interface Threat {
  readonly name: string;
  /** Where inside the entity, e.g. `a.zip/eicar.com`. */
  readonly path?: string;
  /** The scanner or engine that found it. */
  readonly engine?: string;
  /** Reference for a reader, such as a rule's author and URL. */
  readonly ref?: string;
}

export interface Verdict {
  readonly kind: VerdictKind;
  readonly reason?: VerdictReason;
  readonly threats: readonly Threat[];
  /** One sentence for a person; untrusted. */
  readonly message?: string;
  /**
   * Of a combined verdict: the other kinds that went into it, but `clean`. The caller's policy may
   * weigh them otherwise than their order does, and let nothing pass for a milder one.
   */
  readonly also?: readonly VerdictKind[];
}

/** The verdict of a scanner that failed; `message` is for the log, without secrets. */
export function errorVerdict(reason: VerdictReason, message: string): Verdict {
  return { kind: VerdictKind.Error, reason, threats: [], message };
}

/** The verdict of a scanner that cannot look inside the entity. */
export function unscannableVerdict(reason: VerdictReason, message: string): Verdict {
  return { kind: VerdictKind.Unscannable, reason, threats: [], message };
}

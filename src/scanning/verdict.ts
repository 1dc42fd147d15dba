import type { KeptBody } from "../entity/index.ts";

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

/**
 * What of the transaction a verdict depends on beside the scanner and its epoch: what its cache key
 * is made of (scan/v1, `cache.scope`).
 */
export const CacheScope = {
  /** The bytes alone. */
  Content: "content",
  /** The bytes and the media type that the sender declared. */
  ContentAndType: "content+type",
  /** The bytes, the declared media type and the file name. */
  ContentAndName: "content+name",
  ContentAndUrl: "content+url",
  Url: "url",
  Host: "host",
  /** The bytes and who asks. */
  User: "user",
  /** It holds for this one transaction. */
  None: "none",
} as const;
export type CacheScope = (typeof CacheScope)[keyof typeof CacheScope];

/** What a scanner says about remembering one verdict; what it leaves out, its declaration says. */
export interface CacheAdvice {
  /** 0: not at all. */
  readonly ttlMs?: number;
  readonly scope?: CacheScope;
}

/** What a modifier made of an entity. Whoever is given it calls `dispose`, once, when it is not read any more. */
export interface Replacement {
  readonly body: KeptBody;
  /** Media type of the new content; left out: that of the old. */
  readonly mediaType?: string;
  dispose(): void;
}

export interface Verdict {
  readonly kind: VerdictKind;
  readonly reason?: VerdictReason;
  readonly threats: readonly Threat[];
  /** How sure the scanner is that the entity is bad, 0 to 1. */
  readonly score?: number;
  /** With `modified`, and only then. */
  readonly replacement?: Replacement;
  /** With `pending`: what `Scanner.follow` finds the scan by, on any pod; without secrets. */
  readonly job?: string;
  /** Of the very engine that judged, where it told. */
  readonly epoch?: string;
  readonly cache?: CacheAdvice;
  /** It is remembered from an earlier scan of the same. */
  readonly cached?: boolean;
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

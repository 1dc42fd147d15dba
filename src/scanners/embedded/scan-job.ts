import type { Verdict } from "../../scanning/index.ts";
import type { ArchiveLimits } from "../archive/limits.ts";
import type { HashListData } from "../list/hashes/hash-list.ts";
import type { RuleSource } from "../yara/rule-files.ts";

/** What a scan thread is started with. */
export interface ThreadOptions {
  readonly nativeEngine: boolean;
  /** The text of the rules, so that threads started later do not read other ones. */
  readonly rules: readonly RuleSource[];
  /** A directory for compiled rules; without it each thread compiles them. */
  readonly rulesCache?: string | undefined;
  readonly limits: ArchiveLimits;
  /** Where members of archives too large for memory go. */
  readonly directory: string;
  readonly memberMemoryBytes: number;
  readonly windowBytes: number;
  readonly engineTimeoutMs: number;
  readonly hashList: HashListData | undefined;
  /** Where the bytes of small entities are put: memory shared with the thread, never with another. */
  readonly inbox: SharedArrayBuffer;
  /** One integer; not 0 when the scan under way is not wanted any more. */
  readonly cancelled: SharedArrayBuffer;
}

/** Where a thread finds the bytes. */
export type JobContent =
  | { readonly kind: "inbox"; readonly length: number }
  | { readonly kind: "transferred"; readonly bytes: Uint8Array }
  | {
      readonly kind: "file";
      readonly path: string;
      readonly offset: number;
      readonly length: number;
    };

export interface ScanJob {
  readonly kind: "scan";
  readonly content: JobContent;
  readonly sha256: string;
  readonly fileName: string | undefined;
  readonly declaredType: string | undefined;
  readonly detectedType: string | undefined;
}

/** From the pool to a thread. */
export type ToThread = ScanJob | { readonly kind: "hash-list"; readonly data: HashListData };

/** What the engines of a thread are. */
export interface EngineReport {
  readonly engine: string;
  /** Of the native engine; undefined when it cannot be used. */
  readonly version: string | undefined;
  readonly rules: number;
  /** Hash over all that decides verdicts but the hash list. */
  readonly digest: string;
  /** Why the native engine cannot be used; undefined when it can. */
  readonly unavailable: string | undefined;
}

/** From a thread to the pool. */
export type FromThread =
  | { readonly kind: "ready"; readonly report: EngineReport }
  | { readonly kind: "unfit"; readonly message: string }
  | {
      readonly kind: "verdict";
      readonly verdict: Verdict;
      /** Whether the thread holds memory that only its end frees. */
      readonly isBloated: boolean;
    };

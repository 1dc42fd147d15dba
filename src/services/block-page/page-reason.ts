import { VerdictReason } from "../../scanning/index.ts";
import { Cause } from "../../telemetry/index.ts";

/** What the page tells the reader was the matter: one set of texts per language for each. */
export const PageReason = {
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
  Unscannable: "unscannable",
  Suspicious: "suspicious",
  Unknown: "unknown",
  Pending: "pending",
  Timeout: "timeout",
  Error: "error",
  /** Blocked by a scanner that names no reason. */
  Verdict: "verdict",
} as const;
export type PageReason = (typeof PageReason)[keyof typeof PageReason];

// No page is made for the first six and the last; should one be asked for all the same,
// the reader is told of a fault and nothing passes.
const byCause: Readonly<Record<Cause, PageReason>> = {
  [Cause.None]: PageReason.Error,
  [Cause.Clean]: PageReason.Error,
  [Cause.ClientAbort]: PageReason.Error,
  [Cause.WriteTimeout]: PageReason.Error,
  [Cause.Protocol]: PageReason.Error,
  [Cause.Refused]: PageReason.Error,
  [Cause.Verdict]: PageReason.Verdict,
  [Cause.Policy]: PageReason.Policy,
  [Cause.Override]: PageReason.Policy,
  [Cause.Error]: PageReason.Error,
  [Cause.Timeout]: PageReason.Timeout,
  [Cause.Oversize]: PageReason.Size,
  [Cause.Unscannable]: PageReason.Unscannable,
  [Cause.Suspicious]: PageReason.Suspicious,
  [Cause.Unknown]: PageReason.Unknown,
  [Cause.Pending]: PageReason.Pending,
  [Cause.Draining]: PageReason.Error,
};

const byVerdictReason: Readonly<Record<VerdictReason, PageReason>> = {
  [VerdictReason.Malware]: PageReason.Malware,
  [VerdictReason.Sandbox]: PageReason.Sandbox,
  [VerdictReason.Dlp]: PageReason.Dlp,
  [VerdictReason.Category]: PageReason.Category,
  [VerdictReason.Policy]: PageReason.Policy,
  [VerdictReason.Type]: PageReason.Type,
  [VerdictReason.Size]: PageReason.Size,
  [VerdictReason.Encrypted]: PageReason.Encrypted,
  [VerdictReason.ArchiveLimit]: PageReason.ArchiveLimit,
  [VerdictReason.Malformed]: PageReason.Malformed,
  [VerdictReason.Timeout]: PageReason.Timeout,
  [VerdictReason.EngineError]: PageReason.Error,
  [VerdictReason.Overload]: PageReason.Error,
};

// Causes that a scanner's reason makes more precise. The others say it all: a suspicion of malware
// must read as a suspicion, and an error stays an error whatever was being looked for.
const refinable: ReadonlySet<Cause> = new Set([Cause.Verdict, Cause.Policy, Cause.Unscannable]);

export function pageReason(cause: Cause, reason: VerdictReason | undefined): PageReason {
  if (reason !== undefined && refinable.has(cause)) return byVerdictReason[reason];
  return byCause[cause];
}

const failures: ReadonlySet<PageReason> = new Set([
  PageReason.Error,
  PageReason.Timeout,
  PageReason.Pending,
]);

/** True where trying again later may help: the check did not take place, the content is not at fault. */
export function isFailure(reason: PageReason): boolean {
  return failures.has(reason);
}

const unchecked: ReadonlySet<PageReason> = new Set([
  ...failures,
  PageReason.Size,
  PageReason.Encrypted,
  PageReason.ArchiveLimit,
  PageReason.Malformed,
  PageReason.Unscannable,
  PageReason.Unknown,
]);

/** True where nothing bad was found: the content could not be looked at. */
export function isUnchecked(reason: PageReason): boolean {
  return unchecked.has(reason);
}

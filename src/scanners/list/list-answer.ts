import { z } from "zod";
import {
  errorVerdict,
  type Threat,
  type Verdict,
  VerdictKind,
  VerdictReason,
} from "../../scanning/index.ts";

/** What it means to be listed: `clean` makes an entry an exception. */
export const listVerdict = z.enum(["blocked", "suspicious", "clean"]);
export type ListVerdict = z.output<typeof listVerdict>;

export const listReason = z.enum([
  VerdictReason.Malware,
  VerdictReason.Category,
  VerdictReason.Policy,
  VerdictReason.Dlp,
  VerdictReason.Type,
]);

export const listName = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/i, "is no name of a list");

/** What an entry is about: the bytes, or where they come from. */
export type ListedMatter = "content" | "address";

/** One entry of one list that the subject was found by. */
export interface ListHit {
  readonly list: string;
  readonly matter: ListedMatter;
  readonly verdict: ListVerdict;
  readonly reason: VerdictReason;
  /** Of the threat or the category. */
  readonly name: string;
  /** The entry as it is in the list, where it is another than the subject itself. */
  readonly entry?: string;
}

export interface ListAnswers {
  readonly hits: readonly ListHit[];
  /** Lists that could not be asked, each with the reason. */
  readonly failures: readonly string[];
  readonly unlisted: "unknown" | "clean";
}

/**
 * One verdict of all lists. An exception takes back what the lists say of the same matter: content
 * that is malware stays so wherever it comes from. A list that could not be asked might have blocked.
 */
export function listedVerdict({ hits, failures, unlisted }: ListAnswers): Verdict {
  const excepted = new Set(
    hits.filter(({ verdict }) => verdict === "clean").map(({ matter }) => matter),
  );
  const counting = hits.filter(({ matter }) => !excepted.has(matter));
  const blocking = counting.filter(({ verdict }) => verdict === "blocked");
  if (blocking.length > 0) return badVerdict(VerdictKind.Blocked, [...blocking, ...counting]);
  if (failures.length > 0) {
    return errorVerdict(VerdictReason.EngineError, `not asked: ${failures.join(", ")}`);
  }
  if (counting.length > 0) return badVerdict(VerdictKind.Suspicious, counting);
  return { kind: excepted.size > 0 ? VerdictKind.Clean : unlisted, threats: [] };
}

function badVerdict(kind: VerdictKind, hits: readonly ListHit[]): Verdict {
  const [first] = hits;
  const threats = [...new Set(hits)].map(
    ({ name, list, entry }): Threat => ({ name, engine: list, ...(entry && { ref: entry }) }),
  );
  return { kind, threats, ...(first && { reason: first.reason }) };
}

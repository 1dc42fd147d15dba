import { BackgroundScanner, type BackgroundScans } from "../background/index.ts";
import type { ServiceEntry } from "../resources/index.ts";
import {
  type CombineStrategy,
  DeadlineScanner,
  type Member,
  ModifyingScanner,
  PolicyScanner,
  type ScanContext,
  type Scanner,
  ScannerSet,
  ShadowedScanner,
} from "../scanning/index.ts";
import { passes } from "../services/index.ts";
import type { AnswerLog } from "./answer-log.ts";
import type { ScannersByKey } from "./scanner-shelf.ts";
import { UnavailableScanner } from "./unavailable-scanner.ts";

type Listed = ServiceEntry["scanners"][number];

/**
 * The scanners of a service as one; undefined when it lists none. A service with one judge and
 * nothing beside it gets that judge and nothing around it: this is the path of most messages.
 */
export function combinedScanner(
  entry: ServiceEntry,
  scanners: ScannersByKey,
  answers: AnswerLog,
  background: BackgroundScans,
): Scanner | undefined {
  if (entry.scanners.length === 0) return undefined;
  const listed = Map.groupBy(entry.scanners, partOf);
  const { cleanTtlMs: cleanMs, blockedTtlMs: blockedMs } = entry.cache;
  const means = { scanners, cacheTtl: { cleanMs, blockedMs }, background };
  const membersOf = (part: Part): Member[] =>
    (listed.get(part) ?? []).map((one) => memberOf(one, means));
  const judge = judgeOf(entry, membersOf("judge"), answers);
  const counting = modifying(entry, judge, membersOf("modifier"), answers);
  const shadows = membersOf("shadow");
  return shadows.length === 0
    ? counting
    : new ShadowedScanner(counting, { shadows, onAnswer: answers.ofShadow });
}

type Part = "judge" | "modifier" | "shadow";

function partOf({ mode, role }: Listed): Part {
  switch (mode) {
    case "Hold":
      return role === "Modifier" ? "modifier" : "judge";
    case "Shadow":
      return "shadow";
    case "Background":
      return "judge";
    default:
      return mode satisfies never;
  }
}

interface Means {
  readonly scanners: ScannersByKey;
  readonly cacheTtl: NonNullable<ScanContext["cacheTtl"]>;
  readonly background: BackgroundScans;
}

function memberOf(listed: Listed, { scanners, cacheTtl, background }: Means): Member {
  const { name, scanner, unresolved, required, role, timeoutMs, policy, mode } = listed;
  const found = scanner === undefined ? undefined : scanners.get(scanner);
  if (scanner === undefined || found === undefined) {
    const why = unresolved ?? "not in the table";
    return { name, required, scanner: new UnavailableScanner(name, why) };
  }
  if (mode === "Background") {
    const options = { name, key: scanner, timeoutMs, policy, cacheTtl, scans: background };
    return { name, required, scanner: new BackgroundScanner(found, options) };
  }
  const asked = policy === undefined ? found : new PolicyScanner(found, policy);
  const modifies = role === "Modifier";
  return { name, required, scanner: new DeadlineScanner(asked, { timeoutMs, modifies, cacheTtl }) };
}

function judgeOf(
  { name, combine }: ServiceEntry,
  judges: readonly Member[],
  answers: AnswerLog,
): Scanner | undefined {
  const strategy = strategyOf(combine);
  const [only] = judges;
  if (judges.length === 1 && only?.required === true && strategy.type !== "Score") {
    return only.scanner;
  }
  if (judges.length === 0) return undefined;
  return new ScannerSet(judges, { name, strategy, onAnswer: answers.ofMember });
}

function modifying(
  entry: ServiceEntry,
  judge: Scanner | undefined,
  modifiers: readonly Member[],
  answers: AnswerLog,
): Scanner {
  const { name } = entry;
  if (modifiers.length > 0) {
    return new ModifyingScanner({
      name,
      judge,
      modifiers,
      passes: (verdict) => passes(verdict, entry),
      onAnswer: answers.ofMember,
    });
  }
  // Of a service with shadows alone: nobody who counts is asked, which is `unknown`.
  return judge ?? new ScannerSet([], { name, strategy: { type: "AnyBlocks" } });
}

export function strategyOf({
  strategy,
  quorumCount,
  thresholdPercent,
}: ServiceEntry["combine"]): CombineStrategy {
  switch (strategy) {
    case "AnyBlocks":
    case "First":
      return { type: strategy };
    case "Quorum":
      return { type: strategy, count: given(quorumCount, "quorum.count") };
    case "Score":
      return { type: strategy, threshold: given(thresholdPercent, "score.thresholdPercent") / 100 };
    default:
      return strategy satisfies never;
  }
}

function given(value: number | undefined, name: string): number {
  if (value === undefined) throw new Error(`combine.${name} is missing`);
  return value;
}

import {
  type CacheAdvice,
  errorVerdict,
  type Replacement,
  type Threat,
  type Verdict,
  VerdictKind,
  VerdictReason,
} from "../index.ts";
import { plainValue } from "./language/plain-value.ts";
import type { Plan, PlannedResult } from "./plan/plan.ts";

const MAX_THREATS = 100;
const MAX_NAME_LENGTH = 1024;
const MAX_MESSAGE_LENGTH = 4096;
const MAX_TTL_MS = 365 * 24 * 3_600_000;

/** The words that a template may give; `pending` comes of a poll. */
export const VERDICT_WORDS: ReadonlySet<unknown> = new Set([
  ...[VerdictKind.Clean, VerdictKind.Blocked, VerdictKind.Suspicious, VerdictKind.Unscannable],
  ...[VerdictKind.Unknown, VerdictKind.Modified, VerdictKind.Error],
]);
const REASONS: ReadonlySet<unknown> = new Set(Object.values(VerdictReason));

/** New content, where the template has made some. */
export type MadeContent = Replacement | undefined;

/**
 * What the last answer means. Never throws: what does not fit is `error`, but where the verdict
 * itself is `blocked`, that stands without what does not fit.
 */
export function verdictOf(plan: Plan, activation: object, content: MadeContent): Verdict {
  try {
    const kind = plan.result.verdict.evaluate(activation);
    if (!VERDICT_WORDS.has(kind)) {
      return engineError("result.verdict gave no word of a verdict");
    }
    return judgement(plan, kind as VerdictKind, activation, content);
  } catch (error) {
    return engineError(`result.verdict: ${messageOf(error)}`);
  }
}

function judgement(
  { result }: Plan,
  kind: VerdictKind,
  activation: object,
  content: MadeContent,
): Verdict {
  if (kind === VerdictKind.Modified && content === undefined) {
    return engineError("the verdict is modified, and there is no new content");
  }
  try {
    return { ...details(result, kind, activation), ...(kind === "modified" && replaced(content)) };
  } catch (error) {
    return kind === VerdictKind.Blocked
      ? { kind, reason: VerdictReason.Malware, threats: [], message: messageOf(error) }
      : engineError(messageOf(error));
  }
}

function replaced(content: MadeContent): { replacement: Replacement } | undefined {
  return content && { replacement: content };
}

function details(result: PlannedResult, kind: VerdictKind, activation: object): Verdict {
  const read = <T>(name: keyof PlannedResult, convert: (value: unknown) => T): T | undefined => {
    try {
      const value = result[name]?.evaluate(activation);
      return value === undefined || value === null ? undefined : convert(value);
    } catch (error) {
      throw new Error(`result.${name}: ${messageOf(error)}`);
    }
  };
  const threats = read("threats", threatsOf) ?? [];
  const said = kind === VerdictKind.Clean ? undefined : read("reason", reasonOf);
  const reason = said ?? reasonWithout(kind, threats);
  const score = read("score", scoreOf);
  const message = read("message", (value) => textOf(value).slice(0, MAX_MESSAGE_LENGTH));
  const cache = read("ttl", adviceOf);
  return {
    kind,
    threats,
    ...(reason !== undefined && { reason }),
    ...(score !== undefined && { score }),
    ...(message !== undefined && message !== "" && { message }),
    ...(cache !== undefined && { cache }),
  };
}

function threatsOf(value: unknown): Threat[] {
  const list = plainValue(value);
  if (!Array.isArray(list)) throw new TypeError("is no list");
  return list.slice(0, MAX_THREATS).map(threatOf);
}

function threatOf(value: unknown): Threat {
  if (typeof value === "string") return { name: cut(value) };
  const { name, path, engine, ref } = value as Readonly<Record<string, unknown>>;
  if (typeof name !== "string" || name === "") throw new TypeError("a threat has no name");
  const others = Object.entries({ path, engine, ref }).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string" && entry[1] !== "",
  );
  return { name: cut(name), ...Object.fromEntries(others.map(([key, text]) => [key, cut(text)])) };
}

const cut = (text: string): string => text.slice(0, MAX_NAME_LENGTH);

function reasonOf(value: unknown): VerdictReason | undefined {
  return REASONS.has(value) ? (value as VerdictReason) : undefined;
}

function reasonWithout(kind: VerdictKind, threats: readonly Threat[]): VerdictReason | undefined {
  if (kind === VerdictKind.Error) return VerdictReason.EngineError;
  if (kind !== VerdictKind.Blocked) return undefined;
  return threats.length > 0 ? VerdictReason.Malware : VerdictReason.Policy;
}

function scoreOf(value: unknown): number {
  const score = Number(value);
  if (!(score >= 0 && score <= 1)) throw new RangeError("is no number from 0 to 1");
  return score;
}

function textOf(value: unknown): string {
  if (typeof value !== "string") throw new TypeError("is no text");
  return value;
}

/** Seconds, or a duration of CEL. */
function adviceOf(value: unknown): CacheAdvice {
  const ms = durationMs(value);
  if (!(ms >= 0)) throw new RangeError("is neither seconds nor a duration");
  return { ttlMs: Math.min(ms, MAX_TTL_MS) };
}

export function durationMs(value: unknown): number {
  if (typeof value === "number" || typeof value === "bigint")
    return Math.round(Number(value) * 1000);
  const { seconds, nanos = 0 } = value as { seconds?: number | bigint; nanos?: number };
  return Number(seconds) * 1000 + Math.round(nanos / 1e6);
}

function engineError(message: string): Verdict {
  return errorVerdict(VerdictReason.EngineError, message);
}

/** One line; the engine quotes the source below. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return (text.split("\n", 1)[0] ?? "").slice(0, 256);
}

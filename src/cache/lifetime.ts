import { type ScanContext, type Verdict, VerdictKind, VerdictReason } from "../scanning/index.ts";
import type { RememberedVerdict } from "./verdict-cache.ts";

/** How long a service wants verdicts to be used. */
export type ServiceTtl = NonNullable<ScanContext["cacheTtl"]>;

const MINUTE_MS = 60_000;
/** Of services that say nothing: what resources have as their default. */
export const DEFAULT_TTL: ServiceTtl = { cleanMs: 60 * MINUTE_MS, blockedMs: 24 * 60 * MINUTE_MS };
/** A scanner that has no opinion may have one soon. */
const UNKNOWN_MS = 5 * MINUTE_MS;
/** So that what was judged together does not expire together. */
const JITTER = 0.1;

/** How long a service wants a verdict of this kind to be used; 0: never, for kinds that are not remembered. */
export function serviceTtlMs(kind: VerdictKind, { cleanMs, blockedMs }: ServiceTtl): number {
  switch (kind) {
    case VerdictKind.Clean:
      return cleanMs;
    case VerdictKind.Blocked:
      return blockedMs;
    case VerdictKind.Suspicious:
    case VerdictKind.Unscannable:
      return Math.min(cleanMs, blockedMs);
    case VerdictKind.Unknown:
      return Math.min(cleanMs, UNKNOWN_MS);
    case VerdictKind.Modified:
    case VerdictKind.Pending:
    case VerdictKind.Error:
      return 0;
    default:
      return kind satisfies never;
  }
}

export interface LifetimeTerms {
  readonly ttl: ServiceTtl;
  /** When the scan began, in milliseconds since 1970. */
  readonly begunAt: number;
  /** On the same clock. */
  readonly now: number;
  /** From 0 up to 1. */
  readonly random: number;
}

/**
 * The verdict with its time, as long as service and scanner both allow, less up to a tenth;
 * undefined when it may not be remembered.
 */
export function remember(
  verdict: Verdict,
  { ttl, begunAt, now, random }: LifetimeTerms,
): RememberedVerdict | undefined {
  // What several scanners said together is not the verdict of one.
  if (verdict.replacement !== undefined || verdict.also !== undefined) return undefined;
  if (isRefusal(verdict)) return undefined;
  const advised = verdict.cache?.ttlMs ?? Number.POSITIVE_INFINITY;
  const ttlMs = Math.min(serviceTtlMs(verdict.kind, ttl), advised);
  const jittered = Math.floor(ttlMs * (1 - JITTER * random));
  if (!(jittered > 0)) return undefined;
  return { verdict: essence(verdict), begunAt, judgedAt: now, expiresAt: now + jittered };
}

/**
 * Not taken for its size or type. That says something of the configuration of the scanner, or of the
 * replica that was asked, and no epoch changes with it; to be refused again costs little.
 */
function isRefusal({ kind, reason }: Verdict): boolean {
  const isOfLimit = reason === VerdictReason.Size || reason === VerdictReason.Type;
  return kind === VerdictKind.Unscannable && isOfLimit;
}

/** What is told of a verdict again; what was about the scan itself is not. */
function essence({ kind, reason, threats, score, message }: Verdict): Verdict {
  return {
    kind,
    threats,
    cached: true,
    ...(reason !== undefined && { reason }),
    ...(score !== undefined && { score }),
    ...(message !== undefined && { message }),
  };
}

/**
 * Whether a service may use what is remembered. A verdict from the future is none: a clock jumped,
 * and nobody knows how old it is.
 */
export function isUsable(
  { verdict, judgedAt, expiresAt }: RememberedVerdict,
  ttl: ServiceTtl,
  now: number,
): boolean {
  const ageMs = now - judgedAt;
  return ageMs >= 0 && now < expiresAt && ageMs < serviceTtlMs(verdict.kind, ttl);
}

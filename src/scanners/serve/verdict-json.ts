import { CacheScope, type Threat, type Verdict, VerdictKind } from "../../scanning/index.ts";
import type { EngineAbilities, EngineState } from "./scan-engine.ts";

const MAX_THREATS = 100;
const MAX_TEXT_LENGTH = 1024;
const MAX_FIELD_LENGTH = 8 * 1024;
const MAX_FIELD_TEXT_LENGTH = 256;

export interface Judged {
  readonly verdict: Verdict;
  readonly engine: string;
  readonly state: EngineState;
  readonly durationMs: number;
}

/** The verdict document of scan/v1. */
export function verdictJson({ verdict, engine, state, durationMs }: Judged): string {
  const { kind, score, reason, threats, message, cache } = verdict;
  return JSON.stringify({
    verdict: kind,
    score,
    reason,
    threats: threats.slice(0, MAX_THREATS).map(cutThreat),
    engines: [
      {
        name: engine,
        version: state.version,
        signatures: state.signatures,
        signaturesDate: state.signaturesDate,
        verdict: kind,
        ms: Math.round(durationMs),
      },
    ],
    cache: cache && { ttl: wholeSeconds(cache.ttlMs), scope: cache.scope },
    message: message?.slice(0, MAX_TEXT_LENGTH),
  });
}

/**
 * The same in HTTP's words: how long the verdict may be remembered; undefined where the scanner has
 * no opinion. A verdict that says nothing of the entity is never kept.
 */
export function cacheControl({ kind, cache }: Verdict): string | undefined {
  const seconds = wholeSeconds(cache?.ttlMs);
  const isKept = kind !== VerdictKind.Error && kind !== VerdictKind.Pending;
  if (!isKept || seconds === 0 || cache?.scope === "none") return "no-store";
  return seconds === undefined ? undefined : `max-age=${seconds}`;
}

function wholeSeconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.floor(ms / 1000);
}

/** The document as a field, for an answer whose body is the new content: at most 8 KiB. */
export function verdictField(judged: Judged): string {
  const whole = base64url(verdictJson(judged));
  if (whole.length <= MAX_FIELD_LENGTH) return whole;
  const { verdict } = judged;
  const message = verdict.message?.slice(0, MAX_FIELD_TEXT_LENGTH);
  const short = { ...verdict, threats: [], ...(message !== undefined && { message }) };
  return base64url(verdictJson({ ...judged, verdict: short }));
}

function base64url(text: string): string {
  return Buffer.from(text).toString("base64url");
}

function cutThreat(threat: Threat): object {
  return Object.fromEntries(
    Object.entries(threat).map(([name, value]) => [name, String(value).slice(0, MAX_TEXT_LENGTH)]),
  );
}

export interface Capabilities {
  readonly engine: string;
  readonly state: EngineState;
  readonly abilities: EngineAbilities | undefined;
  readonly maxBytes: number;
  readonly maxConcurrentScans: number;
}

/** The answer to `GET /v1/info`. */
export function infoJson(capabilities: Capabilities): string {
  const { engine, state, abilities, maxBytes, maxConcurrentScans } = capabilities;
  const { version, signatures, signaturesDate } = state;
  const {
    inputs = ["content"],
    stages = ["full"],
    replaces = false,
    defers = false,
  } = abilities ?? {};
  return JSON.stringify({
    protocol: "scan/v1",
    name: engine,
    engine: { name: engine, version, signatures, signaturesDate },
    epoch: state.epoch,
    inputs,
    stages,
    maxBytes,
    requires: { contentLength: false, sha256: false },
    directions: ["reqmod", "respmod"],
    modes: { sync: true, async: defers, replace: replaces, earlyVerdict: false },
    cacheScope: abilities?.cacheScope ?? CacheScope.Content,
    concurrency: maxConcurrentScans,
    policies: abilities?.policies,
  });
}

import type { Threat, Verdict } from "../../scanning/index.ts";
import type { EngineState } from "./scan-engine.ts";

const MAX_THREATS = 100;
const MAX_TEXT_LENGTH = 1024;

export interface Judged {
  readonly verdict: Verdict;
  readonly engine: string;
  readonly state: EngineState;
  readonly durationMs: number;
}

/** The verdict document of scan/v1. */
export function verdictJson({ verdict, engine, state, durationMs }: Judged): string {
  const { kind, reason, threats, message } = verdict;
  return JSON.stringify({
    verdict: kind,
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
    message: message?.slice(0, MAX_TEXT_LENGTH),
  });
}

function cutThreat(threat: Threat): object {
  return Object.fromEntries(
    Object.entries(threat).map(([name, value]) => [name, String(value).slice(0, MAX_TEXT_LENGTH)]),
  );
}

export interface Capabilities {
  readonly engine: string;
  readonly state: EngineState;
  readonly maxBytes: number;
  readonly maxConcurrentScans: number;
}

/** The answer to `GET /v1/info`. */
export function infoJson({ engine, state, maxBytes, maxConcurrentScans }: Capabilities): string {
  const { version, signatures, signaturesDate } = state;
  return JSON.stringify({
    protocol: "scan/v1",
    name: engine,
    engine: { name: engine, version, signatures, signaturesDate },
    epoch: state.epoch,
    inputs: ["content"],
    stages: ["full"],
    maxBytes,
    requires: { contentLength: false, sha256: false },
    directions: ["reqmod", "respmod"],
    modes: { sync: true, async: false, replace: false, earlyVerdict: false },
    cacheScope: "content",
    concurrency: maxConcurrentScans,
  });
}

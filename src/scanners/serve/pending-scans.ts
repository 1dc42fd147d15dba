import type { IncomingHttpHeaders } from "node:http";
import { deflateRawSync, inflateRawSync } from "node:zlib";

/** Below it lies a path for each scan that was answered 202. */
const BASE = "/v1/scans/";
/** Longer paths are followed by no client: there is no place for them in its records. */
const MAX_PATH_LENGTH = 768;
const MAX_JOB_BYTES = 16_384;

/**
 * Where a scan can be asked about that goes on at the engine's vendor. The path is the job itself, so
 * every replica can be asked and none has to remember anything. Undefined for a job that is too long.
 */
export function pathOfJob(job: string): string | undefined {
  const path = BASE + deflateRawSync(job).toString("base64url");
  return path.length > MAX_PATH_LENGTH ? undefined : path;
}

/** What `pathOfJob` was given; undefined for other paths. The job may still be anybody's. */
export function jobOfPath(path: string): string | undefined {
  if (!path.startsWith(BASE) || path.length > MAX_PATH_LENGTH) return undefined;
  try {
    const packed = Buffer.from(path.slice(BASE.length), "base64url");
    return inflateRawSync(packed, { maxOutputLength: MAX_JOB_BYTES }).toString();
  } catch {
    return undefined;
  }
}

export function isScanPath(path: string): boolean {
  return path.startsWith(BASE);
}

/**
 * How long a client waits for a verdict before it would rather be answered 202 (`Prefer:
 * respond-async, wait=N`, RFC 7240): of the `leftMs` that it has in all. Undefined: it takes no 202.
 */
export function holdMsOf(headers: IncomingHttpHeaders, leftMs: number): number | undefined {
  const takes202 = /(?:^|[,\s])respond-async(?=[,;\s]|$)/i.test(String(headers["prefer"] ?? ""));
  return takes202 ? (waitMsOf(headers, leftMs) ?? 0) : undefined;
}

/** How long a client waits that asks about a scan which goes on: `wait=N`, or as long as it has. */
export function pollMsOf(headers: IncomingHttpHeaders, leftMs: number): number {
  return waitMsOf(headers, leftMs) ?? leftMs;
}

function waitMsOf({ prefer }: IncomingHttpHeaders, leftMs: number): number | undefined {
  const wait = /(?:^|[,\s])wait\s*=\s*"?(?<seconds>\d{1,9})(?!\d)/i.exec(String(prefer ?? ""));
  if (wait === null) return undefined;
  const waitMs = Number(wait.groups?.["seconds"]) * 1000;
  // `wait` has whole seconds: a deadline that lies in the one after them is what it was made of.
  return leftMs - waitMs < 1000 ? leftMs : waitMs;
}

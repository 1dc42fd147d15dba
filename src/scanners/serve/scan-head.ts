import type { IncomingMessage } from "node:http";
import { SHA256_OF_NOTHING, sha256OfField } from "./content-digest.ts";
import { holdMsOf } from "./pending-scans.ts";
import { checkBody, declaredBytes } from "./request-body.ts";
import { optional } from "./request-field.ts";
import { scanTimeMs } from "./scan-deadline.ts";
import type { ScanStage, SubjectFacts } from "./scan-engine.ts";
import { ScanProblem } from "./scan-problem.ts";
import { subjectFacts } from "./subject-facts.ts";

/** All that the head of `POST /v1/scan` says. */
export interface ScanHead {
  readonly leftMs: number;
  /** How long the client waits before it would rather be answered 202; undefined: it takes none. */
  readonly holdMs: number | undefined;
  readonly stage: ScanStage;
  /** Length of the body; undefined when it is chunked. */
  readonly size: number | undefined;
  /** What a chunked body has to come to, where that has been told. */
  readonly promisedBytes?: number | undefined;
  /** Of the body, where it has been told. */
  readonly contentSha256: string | undefined;
  /** Of the entity, whether its bytes are sent or not. */
  readonly entitySha256: string | undefined;
  readonly facts: SubjectFacts;
}

export interface ScanLimits {
  readonly maxBytes: number;
  readonly scanTimeoutMs: number;
}

/** Throws a `ScanProblem` for a request of which the head says that it cannot be judged. */
export function scanHead(request: IncomingMessage, limits: ScanLimits): ScanHead {
  const { headers } = request;
  const leftMs = scanTimeMs(headers["scan-deadline-ms"], limits.scanTimeoutMs);
  checkBody(request, limits.maxBytes);
  const size = declaredBytes(request);
  const field = optional(headers);
  const stage = field("scan-stage", stageOf) ?? "full";
  const totalBytes = field("scan-total-length", totalLength);
  const contentSha256 = sha256OfField(headers["content-digest"]);
  const reprSha256 = sha256OfField(headers["repr-digest"]);
  const facts = subjectFacts(headers);
  if (size !== 0) mustAgree(contentSha256, reprSha256);
  const holdMs = holdMsOf(headers, leftMs);
  // A beginning has no hash that would be of any use; only of what is sent can one be checked.
  if (stage !== "full") {
    return { leftMs, holdMs, stage, size, facts, contentSha256, entitySha256: undefined };
  }
  if (size !== undefined && size > 0) mustBeWhole(size, totalBytes);
  return {
    leftMs,
    holdMs,
    stage,
    size,
    promisedBytes: size === undefined && typeof totalBytes === "number" ? totalBytes : undefined,
    contentSha256: contentSha256 ?? (size === 0 ? undefined : reprSha256),
    entitySha256: reprSha256 ?? (size === 0 ? emptyOrUntold(totalBytes) : contentSha256),
    facts,
  };
}

/** Without a content coding, what is sent is what it stands for (RFC 9530 §3). */
function mustAgree(content: string | undefined, repr: string | undefined): void {
  if (content !== undefined && repr !== undefined && content !== repr) {
    throw new ScanProblem(400, "Content-Digest and Repr-Digest contradict each other");
  }
}

function mustBeWhole(size: number, totalBytes: number | "unknown" | undefined): void {
  if (typeof totalBytes === "number" && totalBytes !== size) {
    throw notWhole();
  }
}

/** A body that is longer or shorter than the entity: something between cut it, or it is another. */
export function notWhole(): ScanProblem {
  return new ScanProblem(400, "the body is not as long as Scan-Total-Length says");
}

/** Nothing was sent, and no digest of anything: an empty entity, unless it says that it is not. */
function emptyOrUntold(totalBytes: number | "unknown" | undefined): string | undefined {
  return totalBytes === undefined || totalBytes === 0 ? SHA256_OF_NOTHING : undefined;
}

function stageOf(text: string): ScanStage | undefined {
  return text === "headers" || text === "preview" || text === "full" ? text : undefined;
}

function totalLength(text: string): number | "unknown" | undefined {
  if (text === "unknown") return text;
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

import type { Json } from "./template.ts";

/** What another pod needs to go on polling. Holds no secret: answers were redacted before. */
export interface TemplateJob {
  /** Of the template: another one must not go on with it. */
  readonly hash: string;
  /** Index of the polling step. */
  readonly step: number;
  readonly state: Readonly<Record<string, Json>>;
  readonly req: Readonly<Record<string, Json>>;
  /** When the polling began, in milliseconds of the epoch. */
  readonly since: number;
  /** How often it was asked. */
  readonly polls: number;
  /** Not before. */
  readonly dueAt: number;
}

/** A job is kept in a store, and is no place for whole reports. */
const MAX_LENGTH = 16_384;
const HASH_LENGTH = 16;

/** Undefined when it is too long to be kept: then nobody can follow. */
export function encodeJob(job: TemplateJob): string | undefined {
  const text = JSON.stringify({ ...job, hash: job.hash.slice(0, HASH_LENGTH) });
  return text.length > MAX_LENGTH ? undefined : text;
}

/** What `encodeJob` made for this very template; undefined for anything else. */
export function decodeJob(text: string, hash: string): TemplateJob | undefined {
  const job = parse(text);
  const isOurs =
    isRecord(job) &&
    job["hash"] === hash.slice(0, HASH_LENGTH) &&
    isRecord(job["state"]) &&
    isRecord(job["req"]) &&
    ["step", "since", "polls", "dueAt"].every((name) => Number.isSafeInteger(job[name]));
  return isOurs ? (job as unknown as TemplateJob) : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parse(text: string): unknown {
  try {
    return text.length > MAX_LENGTH ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

import {
  errorVerdict,
  unscannableVerdict,
  type Verdict,
  VerdictKind,
  VerdictReason,
} from "../verdict.ts";
import { cacheAdvice } from "./cache-advice.ts";
import type { Reply } from "./reply.ts";
import { judgementOf, readDocument, type Unreadable } from "./verdict-document.ts";

export type { Reply } from "./reply.ts";

/** What an endpoint's answer, or its silence, comes to. */
export interface Answer {
  readonly verdict: Verdict;
  /** The endpoint has not looked at the entity: another may be asked, and nothing is done twice. */
  readonly retry: boolean;
  /** Whether this speaks against the endpoint, which is left alone after too much of it. */
  readonly failed: boolean;
  /** The endpoint wishes not to be asked for so long. */
  readonly pauseMs?: number | undefined;
  /** Where the verdict will be, once there is one. */
  readonly location?: string | undefined;
  /** Of a beginning: it cannot tell yet, and the verdict here stands for no judgement. */
  readonly continues?: boolean;
}

/** Longest wish of an endpoint to be left alone that is listened to. */
const MAX_PAUSE_MS = 30_000;

/** What an answer to `POST /v1/scan` or to a poll says. What is not understood is an error. */
export function answerOf(reply: Reply, now: number = Date.now()): Answer {
  const { status } = reply;
  const pauseMs = retryAfterMs(single(reply, "retry-after"), now);
  switch (status) {
    case 200:
      return verdictAnswer(reply);
    case 202:
      return acceptedAnswer(reply, pauseMs);
    case 413:
      return judged(unscannableVerdict(VerdictReason.Size, "the scanner answered 413: too large"));
    case 415:
      return judged(unscannableVerdict(VerdictReason.Type, "the scanner answered 415: its type"));
    case 429:
    case 503:
      return { ...failure(VerdictReason.Overload, `it answered ${status}: busy`, true), pauseMs };
    case 408:
    case 504:
      return failure(VerdictReason.Timeout, `it answered ${status}: out of time`);
    default:
      return failure(VerdictReason.EngineError, `it answered ${status}`);
  }
}

/** An endpoint that gave no usable answer. */
export function failure(reason: VerdictReason, message: string, retry = false): Answer {
  return { verdict: errorVerdict(reason, message), retry, failed: true };
}

/** Entity tag of the engine in an answer; undefined when there is none that can be used. */
export function epochOf(reply: Reply): string | undefined {
  const epoch = single(reply, "scan-epoch");
  return epoch !== undefined && /^[\x20-\x7e]{1,256}$/.test(epoch) ? epoch : undefined;
}

/** Whatever comes of it, content that no verdict takes along is let go. */
function verdictAnswer(reply: Reply): Answer {
  const answer = documentAnswer(reply);
  if (answer.verdict.replacement === undefined) reply.content?.dispose();
  return answer;
}

function documentAnswer(reply: Reply): Answer {
  if (typeof reply.json !== "string") return unreadable(reply.json);
  // What is said behind the content may be another verdict than was announced before it.
  const header = reply.inTrailer ? undefined : joined(reply, "scan-verdict");
  const document = readDocument(reply.json, header);
  if ("unreadable" in document) return unreadable(document);
  if (document.verdict === "continue" && reply.mayContinue === true) return CONTINUES;
  const verdict = judgementOf(document, reply.content);
  return "unreadable" in verdict
    ? unreadable(verdict)
    : judged({ ...verdict, ...aboutOf(reply, document.cache) });
}

const CONTINUES: Answer = {
  verdict: errorVerdict(VerdictReason.EngineError, "the scanner wants to see the rest"),
  retry: false,
  failed: false,
  continues: true,
};

function aboutOf(
  reply: Reply,
  advice: Parameters<typeof cacheAdvice>[0],
): Pick<Verdict, "epoch" | "cache"> {
  const epoch = epochOf(reply);
  const cache = cacheAdvice(advice, {
    cacheControl: joined(reply, "cache-control"),
    age: single(reply, "age"),
  });
  return { ...(epoch !== undefined && { epoch }), ...(cache !== undefined && { cache }) };
}

function acceptedAnswer(reply: Reply, pauseMs: number | undefined): Answer {
  const location = single(reply, "location");
  const message = "the scanner has not come to a verdict yet";
  const verdict: Verdict = { kind: VerdictKind.Pending, threats: [], message };
  return { ...judged(verdict), location, pauseMs };
}

function judged(verdict: Verdict): Answer {
  return { verdict, retry: false, failed: false };
}

function unreadable({ unreadable: why }: Unreadable): Answer {
  return failure(VerdictReason.EngineError, why);
}

/** Seconds or a date (RFC 9110 §10.2.3), as milliseconds from now. */
function retryAfterMs(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  // Of dates only those of HTTP: Date.parse takes almost anything for one.
  const isDate = /^[A-Z][a-z]{2,8},? /.test(value);
  const ms = /^\d{1,9}$/.test(value) ? Number(value) * 1000 : Date.parse(isDate ? value : "") - now;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), MAX_PAUSE_MS);
}

function single({ headers }: Reply, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "string" ? value : undefined;
}

function joined({ headers }: Reply, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "object" ? value.join(", ") : value;
}

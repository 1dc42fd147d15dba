import {
  errorVerdict,
  unscannableVerdict,
  type Verdict,
  VerdictKind,
  VerdictReason,
} from "../verdict.ts";
import { readVerdict, type Unreadable } from "./verdict-document.ts";

/** An HTTP answer, read whole and within limits. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The JSON text of an answer that must have one; a text that says why there is none otherwise. */
  readonly json: string | Unreadable;
}

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

function verdictAnswer(reply: Reply): Answer {
  if (typeof reply.json !== "string") return unreadable(reply.json);
  const verdict = readVerdict(reply.json, single(reply, "scan-verdict"));
  if ("unreadable" in verdict) return unreadable(verdict);
  return judged(verdict);
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

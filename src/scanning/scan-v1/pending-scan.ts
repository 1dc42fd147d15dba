import { pause } from "../pause.ts";
import type { ScanContext } from "../scanner.ts";
import { VerdictKind, VerdictReason } from "../verdict.ts";
import { type Answer, failure } from "./answer.ts";
import type { Endpoint } from "./endpoint.ts";
import { deadlineFields } from "./request-fields.ts";

/** `pending` is said so long before the time is up: later it would be a timeout. */
const MARGIN_MS = 100;
/** Pause after an answer that names none and did not wait either. */
const DEFAULT_PAUSE_MS = 1000;
const MIN_PAUSE_MS = 50;
/** Longest poll that is asked for. */
const MAX_WAIT_MS = 20_000;
/** Timers of Node count to 2^31 ms. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/** Time to tell the scanner that nobody waits any more. */
const CANCEL_MS = 2000;

/** Where a scan that was answered 202 is asked about. */
interface PendingScan {
  readonly endpoint: Endpoint;
  readonly path: string;
  readonly context: ScanContext;
}

/**
 * Asks for the verdict of a scan that was answered 202, until it comes, the scanner has lost it or
 * the time is up; in the last case the verdict stays `pending`, and the scanner is told.
 */
export async function awaitVerdict(
  endpoint: Endpoint,
  accepted: Answer,
  context: ScanContext,
): Promise<Answer> {
  const path = pathOf(accepted.location, endpoint.origin);
  if (path === undefined) {
    return failure(VerdictReason.EngineError, "202 without a Location on the same origin");
  }
  const scan = { endpoint, path, context };
  let answer = accepted;
  let pauseMs = accepted.pauseMs ?? 0;
  while (leftMs(context) > pauseMs && !context.signal.aborted) {
    await pause(pauseMs, context.signal);
    const next = await poll(scan);
    if (next === undefined) break;
    if (next.verdict.kind !== VerdictKind.Pending && !next.retry) return next;
    answer = next;
    pauseMs = Math.max(next.pauseMs ?? DEFAULT_PAUSE_MS, MIN_PAUSE_MS);
  }
  cancel(scan);
  return answer;
}

/** The next answer; undefined when the time was up before one came. */
async function poll({ endpoint, path, context }: PendingScan): Promise<Answer | undefined> {
  const left = Math.min(Math.max(Math.floor(leftMs(context)), 0), LONGEST_TIMER_MS);
  const timeout = AbortSignal.timeout(left);
  const answer = await endpoint.ask({
    method: "GET",
    path,
    headers: { accept: "application/json", ...deadlineFields(Math.min(left, MAX_WAIT_MS)) },
    signal: AbortSignal.any([context.signal, timeout]),
  });
  return timeout.aborted ? undefined : answer;
}

function cancel({ endpoint, path }: PendingScan): void {
  const signal = AbortSignal.timeout(CANCEL_MS);
  void endpoint.ask({ method: "DELETE", path, headers: {}, signal });
}

function leftMs({ deadlineAt }: ScanContext): number {
  return (deadlineAt ?? Number.POSITIVE_INFINITY) - performance.now() - MARGIN_MS;
}

/** Only the same origin: a scanner must not make Sluice ask others on its behalf. */
function pathOf(location: string | undefined, origin: string): string | undefined {
  const url = location === undefined ? null : URL.parse(location, origin);
  if (url === null || url.origin !== origin || url.username !== "" || url.password !== "") {
    return undefined;
  }
  return url.pathname + url.search;
}

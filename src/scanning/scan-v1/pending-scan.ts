import { pause } from "../pause.ts";
import type { FollowContext } from "../scanner.ts";
import { type Verdict, VerdictKind, VerdictReason } from "../verdict.ts";
import { type Answer, failure } from "./answer.ts";
import type { Endpoint } from "./endpoint.ts";
import { encodeJob } from "./job.ts";
import type { ContentKeeper } from "./replaced-content.ts";
import { acceptField, deadlineFields } from "./request-fields.ts";

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

const NOT_YET: Verdict = {
  kind: VerdictKind.Pending,
  threats: [],
  message: "the scanner has not come to a verdict yet",
};

/** Where a scan that was answered 202 is asked about. */
interface PendingScan {
  readonly endpoint: Endpoint;
  readonly path: string;
  readonly context: FollowContext;
  /** Where replaced content may be kept; left out: none is taken. */
  readonly keeper?: ContentKeeper | undefined;
  /** Nobody waits for it. */
  readonly isFollowed?: boolean;
}

/** What outlives the scan that was answered 202. */
interface KeptThings extends Pick<PendingScan, "keeper"> {
  readonly keepJob?: boolean;
  /** `pending` is said at once. */
  readonly jobAtOnce?: boolean;
}

/**
 * Asks for the verdict of a scan that was answered 202, until it comes, the scanner has lost it or
 * the time is up. In the last case the verdict stays `pending`: with a job when somebody will follow
 * it (`keepJob`; at once with `jobAtOnce`), else the scanner is told that nobody waits any more.
 */
export async function awaitVerdict(
  endpoint: Endpoint,
  accepted: Answer,
  { keeper, ...context }: FollowContext & KeptThings,
): Promise<Answer> {
  const path = pathOf(accepted.location, endpoint.origin);
  if (path === undefined) {
    return failure(VerdictReason.EngineError, "202 without a Location on the same origin");
  }
  const scan = { endpoint, path, context, keeper };
  const goesOnAlone = context.keepJob && context.jobAtOnce && jobOf(scan) !== undefined;
  const answer = goesOnAlone ? { ...accepted, isFinal: false } : await pollOn(scan, accepted);
  if (answer.isFinal) return answer;
  // Whoever gave up does not see the job either.
  const isAborted = context.signal.aborted;
  const job = context.keepJob && !isAborted ? jobOf(scan) : undefined;
  if (job !== undefined) return { ...accepted, verdict: { ...accepted.verdict, job } };
  cancel(scan);
  return isAborted ? failure(VerdictReason.Timeout, "the scan was aborted") : answer;
}

/** The answer to whoever cannot wait for a scan that was answered 202: the scanner is told. */
export function refusePending(
  endpoint: Endpoint,
  { location }: Answer,
  context: FollowContext,
): Answer {
  const path = pathOf(location, endpoint.origin);
  if (path !== undefined) cancel({ endpoint, path, context });
  return failure(VerdictReason.EngineError, "202 before the end of the entity");
}

/** Asks on about a scan that `awaitVerdict`, here or on another pod, gave as a job. */
export async function followScan(scan: PendingScan): Promise<Answer> {
  const pending: Answer = { verdict: NOT_YET, retry: false, failed: false };
  const answer = await pollOn({ ...scan, isFollowed: true }, pending);
  if (answer.isFinal) return answer;
  const job = jobOf(scan);
  return { ...pending, verdict: { ...NOT_YET, ...(job !== undefined && { job }) } };
}

/** The final answer, or the last one before the time was up. */
async function pollOn(
  scan: PendingScan,
  accepted: Answer,
): Promise<Answer & { readonly isFinal: boolean }> {
  const { context } = scan;
  let answer = accepted;
  let pauseMs = accepted.pauseMs ?? 0;
  while (leftMs(context) > pauseMs && !context.signal.aborted) {
    await pause(pauseMs, context.signal);
    const next = await poll(scan);
    if (next === undefined) break;
    if (next.verdict.kind !== VerdictKind.Pending && !next.retry) return { ...next, isFinal: true };
    answer = next;
    pauseMs = Math.max(next.pauseMs ?? DEFAULT_PAUSE_MS, MIN_PAUSE_MS);
  }
  return { ...answer, isFinal: false };
}

/** The next answer; undefined when the time was up, or nobody waited any more, before one came. */
async function poll(scan: PendingScan): Promise<Answer | undefined> {
  const { endpoint, path, context, keeper, isFollowed = false } = scan;
  const left = Math.min(Math.max(Math.floor(leftMs(context)), 0), LONGEST_TIMER_MS);
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(left)]);
  const request = {
    method: "GET",
    path,
    headers: {
      ...acceptField(keeper !== undefined),
      ...deadlineFields(Math.min(left, MAX_WAIT_MS)),
    },
    keeper,
    signal,
  } as const;
  const answer = await (isFollowed ? endpoint.pollFollowed(request) : endpoint.poll(request));
  // A verdict that came all the same is one.
  return signal.aborted && answer.failed ? undefined : answer;
}

function jobOf({ endpoint: { url, address }, path }: PendingScan): string | undefined {
  return encodeJob({ url, path, ...(address !== undefined && { address }) });
}

function cancel({ endpoint, path }: PendingScan): void {
  const signal = AbortSignal.timeout(CANCEL_MS);
  void endpoint.use(() => endpoint.ask({ method: "DELETE", path, headers: {}, signal }));
}

function leftMs({ deadlineAt }: FollowContext): number {
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

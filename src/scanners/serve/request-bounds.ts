import type { ServerResponse } from "node:http";
import { ScanProblem } from "./scan-problem.ts";

const RETRY_AFTER_SECONDS = 1;

/** Why a scan was given up. */
export const GivenUp = { Deadline: "deadline", Gone: "gone", Ended: "ended" } as const;
export type GivenUp = (typeof GivenUp)[keyof typeof GivenUp];

/** Refuses what comes on top. */
export function mustHaveRoom(running: ReadonlySet<AbortController>, places: number): void {
  if (running.size < places) return;
  throw new ScanProblem(503, "all places are taken", { retryAfterSeconds: RETRY_AFTER_SECONDS });
}

/** Work that ends with its time, with its client or when it is aborted. */
export async function within(
  running: Set<AbortController>,
  { response, leftMs }: { readonly response: ServerResponse; readonly leftMs: number },
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const one = new AbortController();
  const deadline = setTimeout(() => one.abort(GivenUp.Deadline), leftMs);
  const leave = (): void => one.abort(GivenUp.Gone);
  response.once("close", leave);
  running.add(one);
  try {
    // The engine may wait for a client that sends nothing; the answer does not.
    await Promise.race([work(one.signal), rejectedBy(one.signal)]);
  } catch (error) {
    throw one.signal.aborted ? givenUp(one.signal.reason) : error;
  } finally {
    clearTimeout(deadline);
    // It closes after each answer, too.
    response.off("close", leave);
    running.delete(one);
  }
}

/** Rejects when the signal is aborted. */
function rejectedBy(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(givenUp(signal.reason)), { once: true });
  });
}

function givenUp(why: GivenUp): ScanProblem {
  switch (why) {
    case GivenUp.Deadline:
      return new ScanProblem(504, "the time for this scan is over");
    case GivenUp.Gone:
      return new ScanProblem(408, "the client is gone");
    case GivenUp.Ended:
      return new ScanProblem(503, "the scanner ends");
  }
}

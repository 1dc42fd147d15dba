/** Timers of Node count to 2^31 ms. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Runs something with a signal of its own, which is aborted when another is or when the time is over.
 * Nothing of it stays behind: signals of the platform (`AbortSignal.timeout`) would keep their timers
 * for a minute after each request.
 */
export async function timed<T>(
  signal: AbortSignal,
  ms: number,
  run: (timed: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const timer = setTimeout(abort, Math.min(Math.max(ms, 0), LONGEST_TIMER_MS));
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await run(controller.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
}

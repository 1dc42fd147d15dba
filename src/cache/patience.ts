/** However much time a transaction has: then it scans for itself. */
export const LONGEST_WAIT_MS = 60_000;

/**
 * Until when somebody else's scan is waited for, on the clock of `performance.now()`: half of what is
 * left, so that there is time to scan when the other one does not come to an end.
 */
export function patientUntil(deadlineAt = Number.POSITIVE_INFINITY): number {
  const now = performance.now();
  return now + Math.min(LONGEST_WAIT_MS, (deadlineAt - now) / 2);
}

import { ScanProblem } from "./scan-problem.ts";

/**
 * How long a scan may take: what `Scan-Deadline-Ms` leaves of it, at most `maxMs`. A value that is
 * no number of milliseconds is refused rather than taken for no deadline.
 */
export function scanTimeMs(field: string | string[] | undefined, maxMs: number): number {
  if (field === undefined) return maxMs;
  if (typeof field !== "string" || !/^\d{1,9}$/.test(field)) {
    throw new ScanProblem(400, "Scan-Deadline-Ms is no number of milliseconds");
  }
  return Math.min(Number(field), maxMs);
}

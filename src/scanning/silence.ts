/** Least time without an answer that speaks against a scanner, where nothing else is said. */
export const SILENT_AFTER_MS = 1000;

/** Why a scan is told to stop that has had its time. Others who know a deadline give a reason of this name. */
export const OUT_OF_TIME = new DOMException("the scan's time is up", "TimeoutError");

/** How long a scan that was told to stop had waited, and how long counts. */
export interface Wait {
  readonly waitedMs: number;
  readonly silentAfterMs: number;
}

/**
 * Whether a scan without an answer that was told to stop is the scanner's silence, and so its failure:
 * it has had its time, and that was no short one. One who left, or whose question was settled otherwise,
 * says nothing of the scanner; and one who hardly waits must not close a scanner to the others.
 */
export function isSilence({ reason }: AbortSignal, { waitedMs, silentAfterMs }: Wait): boolean {
  return isOutOfTime(reason) && waitedMs >= silentAfterMs;
}

/** Whether this is why one stops waiting whose time is up. */
export function isOutOfTime(reason: unknown): boolean {
  return reason instanceof DOMException && reason.name === OUT_OF_TIME.name;
}

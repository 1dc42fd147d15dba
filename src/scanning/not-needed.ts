/** Why a scan is told to stop whose verdict can change nothing any more. */
export const NOT_NEEDED = new DOMException("its verdict is not needed any more", "AbortError");

/** What such a scan still says is no judgement: it says nothing about the entity or the scanner. */
export function isNotNeeded(signal: AbortSignal): boolean {
  return signal.reason === NOT_NEEDED;
}

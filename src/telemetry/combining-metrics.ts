/** What is told of scanners whose answer changes nothing. Names are configured ones. */
export interface CombiningMetrics {
  /**
   * A scanner in shadow was asked about an entity. `verdict` is a `VerdictKind`, or `dropped` when
   * the transaction ended first; `counted` is the kind of the verdict that counted.
   */
  shadowScanEnded(service: string, scanner: string, verdict: string, counted: string): void;
  /** A scanner that a service does not require had no opinion; `verdict` is why. */
  optionalScanFailed(service: string, scanner: string, verdict: string): void;
}

const ignore = (): void => {};

/** Counts nothing. */
export const noCombiningMetrics: CombiningMetrics = {
  shadowScanEnded: ignore,
  optionalScanFailed: ignore,
};

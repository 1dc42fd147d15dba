import {
  type ConformanceOptions,
  type ConformanceResult,
  checkConformance,
} from "../scanning/index.ts";

export type { ConformanceResult };

/** What the command line does with scanners without a server. */
export interface ScannerTools {
  /** Holds the scanner at a base URL to the rules of scan/v1, one result at a time. */
  readonly checkConformance: (
    url: string,
    options: ConformanceOptions,
  ) => AsyncIterable<ConformanceResult>;
}

export const scannerTools: ScannerTools = { checkConformance };

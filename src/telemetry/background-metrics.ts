/** What became of the wish for a background scan; a closed list, so that it can be a metric label. */
export const ScanAsked = {
  Started: "started",
  /** The same is under way, here or on another pod. */
  Joined: "joined",
  /** The message was blocked for another reason. */
  NotNeeded: "not-needed",
  /** There was no room. */
  Refused: "refused",
} as const;
export type ScanAsked = (typeof ScanAsked)[keyof typeof ScanAsked];

/** How a background scan changed pods; a closed list, so that it can be a metric label. */
export const HandOver = {
  Given: "given",
  Taken: "taken",
  /** Another pod had taken it over from this one, which was thought dead. */
  Fenced: "fenced",
} as const;
export type HandOver = (typeof HandOver)[keyof typeof HandOver];

/** What background scans tell while they run. Names are configured ones. */
export interface BackgroundMetrics {
  backgroundScanAsked(service: string, scanner: string, result: ScanAsked): void;
  backgroundScanMoved(how: HandOver): void;
  /** `verdict` is a `VerdictKind`; delivered: somebody was given the entity before it. */
  backgroundScanEnded(service: string, scanner: string, verdict: string, delivered: boolean): void;
}

/** What events to others tell while they are sent. */
export interface EventMetrics {
  /** `dead`: it was given up, or there was no room for it. */
  eventEnded(result: "sent" | "dead"): void;
  eventRetried(): void;
}

/** What is under way at this moment. */
export interface BackgroundUsage {
  readonly scans: number;
  readonly bytes: number;
}

const ignore = (): void => {};

/** Counts nothing. */
export const noBackgroundMetrics: BackgroundMetrics = {
  backgroundScanAsked: ignore,
  backgroundScanMoved: ignore,
  backgroundScanEnded: ignore,
};

/** What the exit status of each command means. */
export const ExitCode = {
  /** Served and drained; everything scanned passed; healthy. */
  Ok: 0,
  /** serve: could not start, crashed or was cut short. scan: something was blocked. probe: not healthy. */
  Failed: 1,
  /** Wrong usage or settings. scan: something could not be scanned, and nothing was blocked. */
  Unusable: 2,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

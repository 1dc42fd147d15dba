import type { Entity } from "../entity/index.ts";
import {
  DeadlineScanner,
  errorVerdict,
  type ScanContext,
  type Scanner,
  type Verdict,
  VerdictKind,
  VerdictReason,
} from "../scanning/index.ts";
import type { BackgroundScan } from "./background-scan.ts";
import { UploadSlots } from "./upload-slots.ts";

export interface ScanCourseOptions {
  /** Scans whose bytes are given to scanners at once. */
  readonly uploads: number;
  /** By its key in the routing table that is served. */
  readonly scannerOf: (key: string) => Scanner | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Resolves after so many milliseconds, or when the signal is aborted. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Nobody here knows the scanner any more. */
export const SCANNER_GONE = errorVerdict(VerdictReason.EngineError, "its scanner is gone");
export const EXPIRED: Verdict = {
  kind: VerdictKind.Pending,
  threats: [],
  message: "no verdict came in time",
};

/** A scanner that is busy is asked again until the time is up; one that fails, so often. */
const MAX_FAILURES = 4;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;

/** How a scan comes to its verdict when nobody waits for it, and there is time to try again. */
export class ScanCourse {
  readonly #options: ScanCourseOptions;
  readonly #slots: UploadSlots;

  constructor(options: ScanCourseOptions) {
    this.#options = options;
    this.#slots = new UploadSlots(options.uploads);
  }

  /** Gives the entity to its scanner. `pending` with a job: the scanner has it all, and is to be followed. */
  async upload(scan: BackgroundScan, entity: Entity, context: ScanContext): Promise<Verdict> {
    const { scannerKey, expiresAt } = scan.record;
    const { signal } = scan;
    const retries = this.#retries(scan);
    const asked = { ...context, signal, keepJob: true, jobAtOnce: true };
    for (;;) {
      const timeoutMs = expiresAt - this.#options.now();
      const scanner = this.#options.scannerOf(scannerKey);
      if (timeoutMs <= 0 || signal.aborted) return EXPIRED;
      if (scanner === undefined) return SCANNER_GONE;
      const verdict = await this.#slots.use(() =>
        new DeadlineScanner(scanner, { timeoutMs }).scan(entity, asked),
      );
      if (!isFailure(verdict) || !(await retries(verdict))) return verdict;
    }
  }

  /** Waits for the verdict on a job: also of one that another pod began. */
  async follow(scan: BackgroundScan): Promise<Verdict> {
    const retries = this.#retries(scan);
    for (;;) {
      const leftMs = scan.record.expiresAt - this.#options.now();
      if (scan.signal.aborted || leftMs <= 0) return EXPIRED;
      const verdict = await this.#ask(scan, leftMs);
      const { kind, job = scan.record.job } = verdict;
      // How often it was asked about may be a part of the job.
      scan.record = { ...scan.record, job };
      if (kind === VerdictKind.Pending) await this.#options.wait(FIRST_PAUSE_MS, scan.signal);
      else if (!isFailure(verdict) || !(await retries(verdict))) return verdict;
    }
  }

  async #ask({ record, signal }: BackgroundScan, leftMs: number): Promise<Verdict> {
    const scanner = this.#options.scannerOf(record.scannerKey);
    if (scanner?.follow === undefined || record.job === undefined) return SCANNER_GONE;
    return scanner.follow(record.job, { signal, deadlineAt: performance.now() + leftMs });
  }

  /** Whether it is worth to ask again after a failure; the pause before it is over then. */
  #retries({ signal, record }: BackgroundScan): (failure: Verdict) => Promise<boolean> {
    const { now, wait } = this.#options;
    let failures = 0;
    let pauseMs = FIRST_PAUSE_MS;
    return async ({ reason }) => {
      if (reason !== VerdictReason.Overload) failures += 1;
      const isInVain = failures > MAX_FAILURES || now() + pauseMs >= record.expiresAt;
      if (isInVain || signal.aborted) return false;
      await wait(pauseMs, signal);
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      return !signal.aborted;
    };
  }
}

/** Worth to be tried again. */
function isFailure(verdict: Verdict): boolean {
  return verdict.kind === VerdictKind.Error && verdict !== SCANNER_GONE;
}

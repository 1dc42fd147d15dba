import type { Verdict } from "../../scanning/index.ts";
import type { ScanSubject } from "../serve/scan-engine.ts";
import type { ScanDirectory } from "./scan-directory.ts";

/** Content in a file of the scan's directory. */
export interface KeptContent {
  readonly path: string;
  readonly sha256: string;
  readonly size: number;
}

export interface ExecJob {
  readonly subject: ScanSubject;
  readonly directory: ScanDirectory;
  /** With `input: file`; else the content is still to be read. */
  readonly kept: KeptContent | undefined;
  /** Aborted when the scan's time is over or nobody waits for it. */
  readonly signal: AbortSignal;
}

/** The two ways of running a program: anew for each scan, or once for all. */
export interface Executor {
  /** Rejects with `ProgramFailure` when the program gave no result. */
  run(job: ExecJob): Promise<Verdict>;
  readonly restarts: number;
  close(): Promise<void>;
}

import {
  errorVerdict,
  type Scanner,
  ScanStage,
  type Verdict,
  VerdictReason,
} from "../scanning/index.ts";

/** Stands for a scanner that a service asks for and that is not to be had: it never lets a thing pass. */
export class UnavailableScanner implements Scanner {
  readonly name: string;
  readonly epoch = "unavailable";
  readonly maxBytes = Number.POSITIVE_INFINITY;
  /** It may have been one that judges by the heads; what it says to a message of heads alone is `error`. */
  readonly stages = [ScanStage.Headers];
  readonly #why: string;

  constructor(name: string, why: string) {
    this.name = name;
    this.#why = why;
  }

  scan(): Promise<Verdict> {
    return Promise.resolve(errorVerdict(VerdictReason.EngineError, `${this.name}: ${this.#why}`));
  }

  screen(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** One operation on a real input. */
export interface MicroTask {
  readonly name: string;
  /** How many bytes it works through, where a rate says more than a time. */
  readonly bytes?: number;
  /** Returns what it made, so that the compiler cannot leave the work out. */
  readonly run: () => unknown;
}

/** What a `*.bench.ts` exports as `suite`: one function, on several inputs. */
export interface MicroSuite {
  readonly title: string;
  readonly tasks: readonly MicroTask[];
  /** Gives back what the tasks hold outside of memory. */
  readonly close?: () => Promise<void>;
}

/** Without a reason of ours each abort makes one, with a stack trace: at the end of every transaction. */
const OVER = new Error("the transaction is over");
/** By its name scanning knows whoever did not answer in time from whoever was not waited for. */
const OUT_OF_TIME = new DOMException("the transaction's time is up", "TimeoutError");

/** What a service comes to, under way and with its deadline. */
export class Judgement {
  readonly #abort = new AbortController();
  readonly #deadline: NodeJS.Timeout | undefined;

  /** @param timeoutMs from now on; `Infinity` for none */
  constructor(timeoutMs: number) {
    if (Number.isFinite(timeoutMs)) {
      this.#deadline = setTimeout(() => this.#abort.abort(OUT_OF_TIME), timeoutMs);
    }
  }

  async run<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    try {
      return await work(this.#abort.signal);
    } finally {
      clearTimeout(this.#deadline);
    }
  }

  /** Nobody waits for it any more; whatever runs for it is told so. Safe to call at any time. */
  cancel(): void {
    clearTimeout(this.#deadline);
    this.#abort.abort(OVER);
  }
}

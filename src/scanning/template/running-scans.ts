/** The scans under way, which end with their scanner. */
export class RunningScans {
  readonly #scans = new Set<AbortController>();
  #isEnded = false;

  get size(): number {
    return this.#scans.size;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Runs a scan with a signal that is aborted with another one, or when all end. */
  async run<T>(signal: AbortSignal, scan: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    const abort = (): void => controller.abort();
    signal.addEventListener("abort", abort, { once: true });
    if (signal.aborted || this.#isEnded) abort();
    this.#scans.add(controller);
    try {
      return await scan(controller.signal);
    } finally {
      this.#scans.delete(controller);
      signal.removeEventListener("abort", abort);
    }
  }

  /** Aborts those under way, and those that come. */
  end(): void {
    this.#isEnded = true;
    for (const scan of this.#scans) scan.abort();
  }
}

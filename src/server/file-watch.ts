import { readFile } from "node:fs/promises";

/**
 * Looks at files again and again and tells when their contents changed. Polling, because mounted
 * Secrets change by a symlink swap that file events miss, and NFS has no events.
 */
export class FileWatch {
  readonly #paths: readonly string[];
  readonly #timer: NodeJS.Timeout;
  readonly #onChange: (contents: Buffer[]) => void;
  #last: readonly Buffer[];
  #looking = false;

  /** @param initial what is in use when the watch begins, as `read` gave it */
  constructor(
    paths: readonly string[],
    initial: readonly Buffer[],
    { everyMs, onChange }: { everyMs: number; onChange: (contents: Buffer[]) => void },
  ) {
    this.#paths = paths;
    this.#last = initial;
    this.#onChange = onChange;
    this.#timer = setInterval(() => void this.#look(), everyMs);
    this.#timer.unref();
  }

  /** Reads all files; rejects when one cannot be read. */
  static read(paths: readonly string[]): Promise<Buffer[]> {
    return Promise.all(paths.map((path) => readFile(path)));
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      const contents = await FileWatch.read(this.#paths);
      const before = this.#last;
      this.#last = contents;
      if (before.some((bytes, i) => !bytes.equals(contents[i] as Buffer))) this.#onChange(contents);
    } catch {
      // Between two links of a swap a file may be missing: the next look finds it.
    } finally {
      this.#looking = false;
    }
  }
}

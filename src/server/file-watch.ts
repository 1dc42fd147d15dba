import { readFile } from "node:fs/promises";

/**
 * Looks at files again and again and tells when their contents changed. Polling, because mounted
 * Secrets change by a symlink swap that file events miss, and NFS has no events.
 */
export class FileWatch {
  readonly #paths: readonly string[];
  readonly #timer: NodeJS.Timeout;
  readonly #onChange: (contents: Buffer[]) => void;
  #last: Buffer[] | undefined;
  #looking = false;

  /** What is there when the watch begins is not told as a change. */
  constructor(paths: readonly string[], everyMs: number, onChange: (contents: Buffer[]) => void) {
    this.#paths = paths;
    this.#onChange = onChange;
    this.#timer = setInterval(() => void this.#look(), everyMs);
    this.#timer.unref();
    void this.#look();
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
      if (before?.some((bytes, i) => !bytes.equals(contents[i] as Buffer)))
        this.#onChange(contents);
    } catch {
      // Between two links of a swap a file may be missing: the next look finds it.
    } finally {
      this.#looking = false;
    }
  }
}

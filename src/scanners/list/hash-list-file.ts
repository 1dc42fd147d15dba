import { once } from "node:events";
import { stat } from "node:fs/promises";
import { Worker } from "node:worker_threads";
import { workerEntry } from "../content/worker-entry.ts";
import { HashList, type HashListData } from "./hash-list.ts";

export interface HashListFileOptions {
  readonly path: string;
  /** How often the file is looked at for a change. 0: never. */
  readonly pollMs?: number;
  /** Called when a changed file cannot be used; the list read before stays. */
  readonly onProblem?: (message: string) => void;
}

type OnChange = (list: HashList, data: HashListData) => void;

const POLL_MS = 5000;

/**
 * A hash list kept equal to its file. A changed file is noticed by inode, size or time of change,
 * which also holds for the symbolic links by which Kubernetes swaps a mounted ConfigMap. Read in a
 * thread of its own; the new list takes the old one's place at once.
 */
export class HashListFile {
  readonly #options: HashListFileOptions;
  readonly #timer: NodeJS.Timeout | undefined;
  #list: HashList;
  #data: HashListData;
  #stamp: string;
  #refreshing: Promise<void> | undefined;
  #onChange: OnChange = () => {};

  private constructor(options: HashListFileOptions, stamp: string, data: HashListData) {
    this.#options = options;
    this.#stamp = stamp;
    this.#data = data;
    this.#list = new HashList(data);
    const pollMs = options.pollMs ?? POLL_MS;
    if (pollMs > 0) this.#timer = setInterval(() => void this.refresh(), pollMs).unref();
  }

  /** Reads the file. Rejects, with file and line, when it cannot be used. */
  static async open(options: HashListFileOptions): Promise<HashListFile> {
    const stamp = await stampOf(options.path);
    return new HashListFile(options, stamp, await load(options.path));
  }

  get list(): HashList {
    return this.#list;
  }

  /** The list as another thread can use it. */
  get data(): HashListData {
    return this.#data;
  }

  /** Sets who is told when a changed file was read. */
  onChange(listener: OnChange): void {
    this.#onChange = listener;
  }

  /** Reads the file again if it has changed. Never rejects. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#reload().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #reload(): Promise<void> {
    try {
      const stamp = await stampOf(this.#options.path);
      if (stamp === this.#stamp) return;
      // Before reading: a file that changes while it is read is read again next time.
      this.#stamp = stamp;
      this.#data = await load(this.#options.path);
      this.#list = new HashList(this.#data);
      this.#onChange(this.#list, this.#data);
    } catch (error) {
      this.#options.onProblem?.(error instanceof Error ? error.message : String(error));
    }
  }
}

async function stampOf(path: string): Promise<string> {
  const { ino, size, mtimeNs } = await stat(path, { bigint: true });
  return `${ino}-${size}-${mtimeNs}`;
}

async function load(path: string): Promise<HashListData> {
  const worker = new Worker(workerEntry(import.meta.url, "./hash-list-worker"), {
    workerData: { path },
  });
  try {
    const [answer] = (await once(worker, "message")) as [{ data?: HashListData; problem?: string }];
    if (answer.data === undefined) throw new Error(`hash list ${path}: ${answer.problem}`);
    return answer.data;
  } finally {
    await worker.terminate();
  }
}

import { fileStamp } from "../file-stamp.ts";
import { readInThread } from "../list-thread.ts";
import { Reloaded } from "../reloaded.ts";
import { HashList } from "./hash-list.ts";
import type { HashListData } from "./hash-list-builder.ts";

export interface HashListFileOptions {
  readonly path: string;
  /** How often the file is looked at for a change. 0: never. */
  readonly pollMs?: number;
  /** Called when a changed file cannot be used; the list read before stays. */
  readonly onProblem?: (message: string) => void;
}

type OnChange = (list: HashList, data: HashListData) => void;

interface Loaded {
  readonly list: HashList;
  readonly data: HashListData;
}

const POLL_MS = 5000;

/** A hash list kept equal to its file, which is read in a thread of its own. */
export class HashListFile {
  readonly #file: Reloaded<Loaded>;

  private constructor(file: Reloaded<Loaded>) {
    this.#file = file;
  }

  /** Reads the file. Rejects, with file and line, when it cannot be used. */
  static async open(options: HashListFileOptions): Promise<HashListFile> {
    const { path, pollMs = POLL_MS, onProblem = () => {} } = options;
    const file = await Reloaded.open({
      stamp: () => fileStamp(path),
      load: () => load(path),
      pollMs,
      onProblem,
    });
    return new HashListFile(file);
  }

  get list(): HashList {
    return this.#file.content.list;
  }

  /** The list as another thread can use it. */
  get data(): HashListData {
    return this.#file.content.data;
  }

  /** Sets who is told when a changed file was read. */
  onChange(listener: OnChange): void {
    this.#file.onChange(({ list, data }) => listener(list, data));
  }

  /** Reads the file again if it has changed. Never rejects. */
  refresh(): Promise<void> {
    return this.#file.refresh();
  }

  close(): void {
    this.#file.close();
  }
}

async function load(path: string): Promise<Loaded> {
  try {
    const data = await readInThread<HashListData>("./hash-list-worker", { path });
    return { data, list: new HashList(data) };
  } catch (cause) {
    throw new Error(`hash list ${path}: ${(cause as Error).message}`, { cause });
  }
}

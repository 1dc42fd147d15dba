import { Follower, type FollowerOptions, fileStamp } from "../../../follow/index.ts";
import { readInThread } from "../list-thread.ts";
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
  readonly #follower: Follower<Loaded>;
  #loaded: Loaded;
  #onChange: OnChange = () => {};

  private constructor(
    first: Loaded,
    following: Pick<FollowerOptions<Loaded>, "look" | "stamp" | "everyMs" | "onProblem">,
  ) {
    this.#loaded = first;
    this.#follower = new Follower({
      ...following,
      use: (loaded) => {
        this.#loaded = loaded;
        this.#onChange(loaded.list, loaded.data);
      },
    });
  }

  /** Reads the file. Rejects, with file and line, when it cannot be used. */
  static async open(options: HashListFileOptions): Promise<HashListFile> {
    const { path, pollMs = POLL_MS, onProblem = () => {} } = options;
    const look = async () => ({ stamp: await fileStamp(path), content: () => load(path) });
    // Before the content: what changes while it is read is read again next time.
    const { stamp, content } = await look();
    return new HashListFile(await content(), { look, stamp, everyMs: pollMs, onProblem });
  }

  get list(): HashList {
    return this.#loaded.list;
  }

  /** The list as another thread can use it. */
  get data(): HashListData {
    return this.#loaded.data;
  }

  /** Sets who is told when a changed file was read. */
  onChange(listener: OnChange): void {
    this.#onChange = listener;
  }

  /** Reads the file again if it has changed. Never rejects. */
  refresh(): Promise<void> {
    return this.#follower.look();
  }

  close(): void {
    this.#follower.close();
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

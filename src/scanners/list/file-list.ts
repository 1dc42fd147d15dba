import { Follower, type FollowerOptions, fileStamp } from "../../follow/index.ts";
import { readInThread } from "./list-thread.ts";
import type { ListSource } from "./list-worker.ts";
import type { FileListOptions } from "./open-list.ts";

/** What the thread that reads a list tells beside the list. */
interface ListReport {
  readonly digest: string;
  readonly problems: readonly string[];
  readonly skippedLines: number;
}

export interface FileListSource<Data, List> {
  readonly name: string;
  readonly path: string;
  readonly source: ListSource;
  readonly listOf: (data: Data) => List;
}

interface Loaded<List> {
  readonly list: List;
  readonly report: ListReport;
  readonly loadedAt: number;
}

interface FollowedList<List>
  extends Pick<FollowerOptions<Loaded<List>>, "look" | "stamp" | "everyMs">,
    Pick<FileListOptions, "logger"> {
  readonly name: string;
}

/** A list kept equal to its file or directory: read in a thread, swapped at once, and logged. */
export class FileList<List> {
  failedReloads = 0;
  readonly #follower: Follower<Loaded<List>>;
  #loaded: Loaded<List>;

  private constructor(first: Loaded<List>, following: FollowedList<List>) {
    const { logger, name, ...options } = following;
    this.#loaded = first;
    this.#follower = new Follower({
      ...options,
      use: (loaded) => {
        this.#loaded = loaded;
        logger.info("list loaded again", { list: name, digest: loaded.report.digest });
      },
      onProblem: (problem) => {
        this.failedReloads += 1;
        logger.warn("list not loaded again", { list: name, problem });
      },
    });
  }

  /** Rejects, with file and line, when it cannot be used. */
  static async open<Data extends ListReport, List>(
    { name, path, source, listOf }: FileListSource<Data, List>,
    { pollMs, logger }: FileListOptions,
  ): Promise<FileList<List>> {
    const load = async (): Promise<Loaded<List>> => {
      const { list, report } = await loaded(path, source, listOf);
      const { problems, skippedLines } = report;
      if (skippedLines > 0)
        logger.warn("lines of a list skipped", { list: name, skippedLines, problems });
      return { list, report, loadedAt: Date.now() / 1000 };
    };
    const look = async () => ({ stamp: await fileStamp(path), content: load });
    // Before the content: what changes while it is read is read again next time.
    const { stamp } = await look();
    return new FileList<List>(await load(), { look, stamp, everyMs: pollMs, logger, name });
  }

  get list(): List {
    return this.#loaded.list;
  }

  get report(): ListReport {
    return this.#loaded.report;
  }

  get loadedAt(): number {
    return this.#loaded.loadedAt;
  }

  close(): void {
    this.#follower.close();
  }
}

async function loaded<Data extends ListReport, List>(
  path: string,
  source: ListSource,
  listOf: (data: Data) => List,
): Promise<{ readonly list: List; readonly report: ListReport }> {
  try {
    const data = await readInThread<Data>("./list-worker", source);
    // Not the data itself: what of it the list does not use is given back.
    const { digest, problems, skippedLines } = data;
    return { list: listOf(data), report: { digest, problems, skippedLines } };
  } catch (cause) {
    throw new Error(`list ${path}: ${(cause as Error).message}`, { cause });
  }
}

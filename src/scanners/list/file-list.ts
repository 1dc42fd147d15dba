import { fileStamp } from "./file-stamp.ts";
import { readInThread } from "./list-thread.ts";
import type { ListSource } from "./list-worker.ts";
import type { FileListOptions } from "./open-list.ts";
import { Reloaded } from "./reloaded.ts";

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

/** A list kept equal to its file or directory: read in a thread, swapped at once, and logged. */
export class FileList<List> {
  failedReloads = 0;
  readonly #reloaded: Reloaded<Loaded<List>>;

  private constructor(reloaded: Reloaded<Loaded<List>>) {
    this.#reloaded = reloaded;
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
    const reloaded = await Reloaded.open({
      stamp: () => fileStamp(path),
      load,
      pollMs,
      onProblem: (problem) => {
        file.failedReloads += 1;
        logger.warn("list not loaded again", { list: name, problem });
      },
    });
    const file = new FileList<List>(reloaded);
    reloaded.onChange(({ report }) =>
      logger.info("list loaded again", { list: name, digest: report.digest }),
    );
    return file;
  }

  get list(): List {
    return this.#reloaded.content.list;
  }

  get report(): ListReport {
    return this.#reloaded.content.report;
  }

  get loadedAt(): number {
    return this.#reloaded.content.loadedAt;
  }

  close(): void {
    this.#reloaded.close();
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

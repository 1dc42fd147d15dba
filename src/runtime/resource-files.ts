import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { Follower, fileStamp, watchPaths } from "../follow/index.ts";
import type { SourceFile } from "../resources/index.ts";
import type { Logger } from "../telemetry/index.ts";

const RESOURCE_NAME = /^[^.].*\.(ya?ml|json)$/;

export interface ResourceFilesOptions {
  /** Files, and directories whose YAML and JSON files count; names that begin with a dot do not. */
  readonly paths: readonly string[];
  /** How often the files are looked at: file events miss NFS, and symlink swaps on some systems. */
  readonly pollMs: number;
  /** Files must have been left alone for so long: an editor may not be done. */
  readonly quietMs: number;
  /** Whether to look at once when the system tells of a change. Default: true. */
  readonly events?: boolean;
  readonly logger: Logger;
  /** The contents changed. Called with one set of files at a time. */
  readonly onChange: (files: readonly SourceFile[]) => Promise<void>;
  /** A file or directory is gone or cannot be read. Called once for each such state. */
  readonly onUnreadable: (err: unknown) => void;
}

/** Reads the files once, in the order of the paths and of their names. Rejects when one cannot be read. */
export async function readResourceFiles(paths: readonly string[]): Promise<SourceFile[]> {
  const names = await listFiles(paths);
  return Promise.all(names.map(async (name) => ({ name, text: await readFile(name, "utf8") })));
}

/**
 * Follows resource files: tells of new contents however they came about, by an editor's rename, by the
 * symlink swap of a mounted ConfigMap, or over NFS. What is told of was there, unchanged, for the quiet
 * time before and after it was read.
 */
export class ResourceFiles {
  readonly #options: ResourceFilesOptions;
  readonly #follower: Follower<SourceFile[]>;
  readonly #endEvents: () => void;
  /** Contents that were told of last. */
  #told: string;
  #outages = 0;

  /** @param initial what is served already, as `readResourceFiles` gave it */
  constructor(options: ResourceFilesOptions, initial: readonly SourceFile[]) {
    const { paths, pollMs, quietMs, events = true, logger } = options;
    this.#options = options;
    this.#told = contentsOf(initial);
    this.#follower = new Follower({
      // Back again after an outage, they are told of, even if they are what they were.
      look: async () => ({
        stamp: `${this.#outages} ${await stampOf(paths)}`,
        content: () => readResourceFiles(paths),
      }),
      everyMs: pollMs,
      quietMs,
      use: (files) => this.#tell(files),
      onProblem: (_why, cause) => this.#tellOfOutage(cause),
    });
    const onDeaf = (path: string, err: unknown): void =>
      logger.debug("no file events, polling only", { path, err });
    this.#endEvents = watchPaths(events ? paths : [], () => void this.look(), onDeaf);
    // What changed since the initial contents were read.
    void this.look();
  }

  close(): void {
    this.#follower.close();
    this.#endEvents();
  }

  /** Looks at the files now; new contents are told of once they have been left alone. */
  look(): Promise<void> {
    return this.#follower.look();
  }

  async #tell(files: readonly SourceFile[]): Promise<void> {
    const contents = contentsOf(files);
    if (contents === this.#told) return;
    this.#told = contents;
    await this.#options.onChange(files);
  }

  #tellOfOutage(cause: unknown): void {
    this.#outages += 1;
    this.#told = "";
    this.#options.onUnreadable(cause);
  }
}

async function listFiles(paths: readonly string[]): Promise<string[]> {
  const lists = await Promise.all(
    paths.map(async (path) => {
      if (!(await stat(path)).isDirectory()) return [path];
      const names = await readdir(path);
      return names
        .filter((name) => RESOURCE_NAME.test(name))
        .sort()
        .map((name) => join(path, name));
    }),
  );
  return lists.flat();
}

/** Changes when a file is written, replaced, added, removed or made unreadable. */
async function stampOf(paths: readonly string[]): Promise<string> {
  const names = await listFiles(paths);
  const stamps = await Promise.all(names.map(async (name) => `${name} ${await fileStamp(name)}`));
  return stamps.join("\n");
}

function contentsOf(files: readonly SourceFile[]): string {
  return JSON.stringify(files.map(({ name, text }) => [name, text]));
}

import { type FSWatcher, type Stats, statSync, watch } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
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
  readonly #timer: NodeJS.Timeout;
  readonly #watchers: FSWatcher[] = [];
  /** Contents that were told of last. */
  #told: string;
  #seen = "";
  #quietTimer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #looksAgain = false;
  #telling: Promise<void> = Promise.resolve();
  #closed = false;

  /** @param initial what is served already, as `readResourceFiles` gave it */
  constructor(options: ResourceFilesOptions, initial: readonly SourceFile[]) {
    this.#options = options;
    this.#told = contentsOf(initial);
    this.#timer = setInterval(() => void this.look(), options.pollMs);
    this.#timer.unref();
    if (options.events ?? true) {
      for (const path of options.paths) this.#watch(path);
    }
    // What changed since the initial contents were read.
    void this.look();
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    clearTimeout(this.#quietTimer);
    for (const watcher of this.#watchers) watcher.close();
  }

  /** Looks at the files now; new contents are told of once they have been left alone. */
  look(): Promise<void> {
    this.#looksAgain = this.#looking !== undefined;
    this.#looking ??= this.#lookUntilDone().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #lookUntilDone(): Promise<void> {
    do {
      this.#looksAgain = false;
      const seen = await signatureOf(this.#options.paths);
      if (!this.#closed && seen !== this.#seen) this.#awaitQuiet(seen);
    } while (this.#looksAgain && !this.#closed);
  }

  /**
   * Watches directories: a file that an editor or a swapped link replaces is another file, of which its
   * own watcher would not hear.
   */
  #watch(path: string): void {
    const { logger } = this.#options;
    try {
      const isDirectory = statSync(path).isDirectory();
      const watcher = watch(
        isDirectory ? path : dirname(path),
        { persistent: false },
        (_event, name) => {
          if (isDirectory || concerns(name, basename(path))) void this.look();
        },
      );
      watcher.on("error", () => watcher.close());
      this.#watchers.push(watcher);
    } catch (err) {
      logger.debug("no file events, polling only", { path, err });
    }
  }

  #awaitQuiet(seen: string): void {
    this.#seen = seen;
    clearTimeout(this.#quietTimer);
    this.#quietTimer = setTimeout(() => {
      // One after the other: what is told last is what is served.
      this.#telling = this.#telling.then(() => this.#tell(seen));
    }, this.#options.quietMs);
    this.#quietTimer.unref();
  }

  async #tell(seen: string): Promise<void> {
    const { paths, onChange, onUnreadable } = this.#options;
    const read = await readResourceFiles(paths).catch((err: unknown) => ({ err }));
    if ((await signatureOf(paths)) !== seen) {
      this.#seen = "";
      return await this.look();
    }
    if (this.#closed) return;
    if ("err" in read) {
      // Back again, they are told of, even if they are what they were.
      this.#told = "";
      return onUnreadable(read.err);
    }
    const contents = contentsOf(read);
    if (contents === this.#told) return;
    this.#told = contents;
    await onChange(read);
  }
}

/** Whether an event in a directory may be about a file in it: `..data` is what Kubernetes swaps. */
function concerns(changed: string | null, name: string): boolean {
  return changed === null || changed === name || changed.startsWith("..");
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
async function signatureOf(paths: readonly string[]): Promise<string> {
  try {
    const names = await listFiles(paths);
    const facts = await Promise.all(names.map((name) => stat(name)));
    return names.map((name, index) => markOf(name, facts[index] as Stats)).join("\n");
  } catch (error) {
    return `unreadable: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function markOf(name: string, { dev, ino, size, mtimeMs, ctimeMs }: Stats): string {
  return `${name} ${dev} ${ino} ${size} ${mtimeMs} ${ctimeMs}`;
}

function contentsOf(files: readonly SourceFile[]): string {
  return JSON.stringify(files.map(({ name, text }) => [name, text]));
}

import { type FSWatcher, watch } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
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
  readonly logger: Logger;
  /** The contents changed. Called with one set of files at a time. */
  readonly onChange: (files: readonly SourceFile[]) => Promise<void>;
}

/** Reads the files once, in the order of the paths and of their names. Rejects when one cannot be read. */
export async function readResourceFiles(paths: readonly string[]): Promise<SourceFile[]> {
  const names = await listFiles(paths);
  return Promise.all(names.map(async (name) => ({ name, text: await readFile(name, "utf8") })));
}

/**
 * Follows resource files: tells of new contents however they came about, by an editor's rename, by the
 * symlink swap of a mounted ConfigMap, or over NFS.
 */
export class ResourceFiles {
  readonly #options: ResourceFilesOptions;
  readonly #timer: NodeJS.Timeout;
  readonly #watchers: FSWatcher[] = [];
  /** Contents that were told of last; undefined before the first look. */
  #told: string;
  #seen = "";
  #quietTimer: NodeJS.Timeout | undefined;
  #looking = false;
  #closed = false;

  /** @param initial what is served already, as `readResourceFiles` gave it */
  constructor(options: ResourceFilesOptions, initial: readonly SourceFile[]) {
    this.#options = options;
    this.#told = contentsOf(initial);
    this.#timer = setInterval(() => void this.look(), options.pollMs);
    this.#timer.unref();
    for (const path of options.paths) this.#watch(path);
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    clearTimeout(this.#quietTimer);
    for (const watcher of this.#watchers) watcher.close();
  }

  /** Looks at the files now; new contents are told of once they have been left alone. */
  async look(): Promise<void> {
    if (this.#looking || this.#closed) return;
    this.#looking = true;
    try {
      const seen = await signatureOf(this.#options.paths);
      if (seen !== this.#seen) this.#awaitQuiet(seen);
    } catch (err) {
      // Between two links of a swap a path may be missing: the next look finds it.
      this.#options.logger.debug("resource files cannot be read", { err });
    } finally {
      this.#looking = false;
    }
  }

  #watch(path: string): void {
    try {
      const watcher = watch(path, { persistent: false }, () => void this.look());
      watcher.on("error", () => watcher.close());
      this.#watchers.push(watcher);
    } catch (err) {
      this.#options.logger.debug("no file events, polling only", { path, err });
    }
  }

  #awaitQuiet(seen: string): void {
    this.#seen = seen;
    clearTimeout(this.#quietTimer);
    this.#quietTimer = setTimeout(() => void this.#tell(seen), this.#options.quietMs);
    this.#quietTimer.unref();
  }

  async #tell(seen: string): Promise<void> {
    const { paths, logger, onChange } = this.#options;
    try {
      const files = await readResourceFiles(paths);
      if ((await signatureOf(paths)) !== seen) {
        await this.look();
        return;
      }
      const contents = contentsOf(files);
      if (this.#closed || contents === this.#told) return;
      this.#told = contents;
      await onChange(files);
    } catch (err) {
      logger.error("resource files cannot be read, keeping what is served", { err });
      this.#seen = "";
    }
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

/** Changes when a file is written, replaced, added or removed. */
async function signatureOf(paths: readonly string[]): Promise<string> {
  const names = await listFiles(paths);
  const marks = await Promise.all(
    names.map(async (name) => {
      const { ino, size, mtimeMs, ctimeMs } = await stat(name);
      return `${name} ${ino} ${size} ${mtimeMs} ${ctimeMs}`;
    }),
  );
  return marks.join("\n");
}

function contentsOf(files: readonly SourceFile[]): string {
  return JSON.stringify(files.map(({ name, text }) => [name, text]));
}

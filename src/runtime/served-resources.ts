import {
  type Capabilities,
  compileFiles,
  type FileCompilation,
  formatFileProblem,
  type RoutingTable,
  type SourceFile,
} from "../resources/index.ts";
import type { LifecycleMetrics, Logger } from "../telemetry/index.ts";
import { ResourceFiles, readResourceFiles } from "./resource-files.ts";
import type { Runtime } from "./runtime.ts";

/** Resources that are not served, and why: one line for each problem, with file, line and path. */
export class RefusedResources extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`resources refused\n${problems.join("\n")}`);
    this.problems = problems;
  }
}

/** Resources that were served, kept outside this process for one that starts while others are refused. */
export interface LastGood {
  keep(files: readonly SourceFile[]): void;
  /** Undefined: none were served yet. */
  recall(): Promise<readonly SourceFile[] | undefined>;
}

export interface ServedResourcesOptions {
  readonly paths: readonly string[];
  readonly pollMs: number;
  readonly capabilities: Capabilities;
  readonly runtime: Pick<Runtime, "apply">;
  readonly metrics: LifecycleMetrics;
  readonly logger: Logger;
  /** Left out: this process starts with what the files say, or not at all. */
  readonly lastGood?: LastGood | undefined;
}

const QUIET_MS = 100;
const KEEPING = "configuration refused, keeping the last good one";

/**
 * Serves the resources of files and follows them. What has a problem is refused as a whole and told
 * with all its problems; the last good set stays.
 */
export class ServedResources {
  readonly #options: ServedResourcesOptions;
  readonly #files: ResourceFiles;

  private constructor(options: ServedResourcesOptions, initial: readonly SourceFile[]) {
    this.#options = options;
    const { paths, pollMs, logger } = options;
    this.#files = new ResourceFiles(
      {
        paths,
        pollMs,
        quietMs: QUIET_MS,
        logger,
        onChange: (files) => this.#apply(files),
        onUnreadable: (err) => this.#refuse(unreadable(err, paths)),
      },
      initial,
    );
  }

  /**
   * Rejects with `RefusedResources` when the files have problems and there are no last good ones; where
   * there are, they are served, and the refusal is told as that of a change.
   */
  static async open(options: ServedResourcesOptions): Promise<ServedResources> {
    try {
      const files = await loadResourceFiles(options.paths);
      await serve(files, options);
      return new ServedResources(options, files);
    } catch (error) {
      const kept = await options.lastGood?.recall();
      if (kept === undefined) throw error;
      await serve(kept, options);
      return new ServedResources(options, kept);
    }
  }

  /** Looks for a change now rather than at the next poll. */
  look(): Promise<void> {
    return this.#files.look();
  }

  close(): void {
    this.#files.close();
  }

  async #apply(files: readonly SourceFile[]): Promise<void> {
    try {
      await serve(files, this.#options);
    } catch (err) {
      if (err instanceof RefusedResources) this.#refuse(err);
      else this.#options.logger.error(KEEPING, { err });
    }
  }

  #refuse({ problems }: RefusedResources): void {
    const { metrics, logger } = this.#options;
    metrics.configRefused();
    logger.error(KEEPING, { problems });
  }
}

async function serve(
  files: readonly SourceFile[],
  { capabilities, runtime, lastGood }: ServedResourcesOptions,
): Promise<void> {
  await runtime.apply(compiledTable(files, capabilities));
  lastGood?.keep(files);
}

/** Files as their judges see them: what they come to, and all that is wrong with them. */
export interface CheckedResources extends Pick<FileCompilation, "table" | "objects"> {
  /** One line each, with file, line and path; what has one is not served. */
  readonly problems: readonly string[];
}

/**
 * Compiles the resources of files. To serve nothing is a problem too: an unmounted volume, or a file
 * that an editor has emptied before it writes, must not end all services.
 */
export function checkResources(
  files: readonly SourceFile[],
  capabilities: Capabilities,
): CheckedResources {
  const { table, objects, problems } = compileFiles(files, { capabilities });
  const lines = problems.map(formatFileProblem);
  if (lines.length === 0 && table.services.length === 0) lines.push(nothingServed(files));
  return { table, objects, problems: lines };
}

function nothingServed(files: readonly SourceFile[]): string {
  if (files.length === 0) return "no resource files: none ends in .yaml, .yml or .json";
  return `${files.map(({ name }) => name).join(", ")}: no IcapService that this gateway serves`;
}

/** The routing table of files. Throws `RefusedResources` when anything is wrong with one of them. */
export function compiledTable(
  files: readonly SourceFile[],
  capabilities: Capabilities,
): RoutingTable {
  const { table, problems } = checkResources(files, capabilities);
  if (problems.length > 0) throw new RefusedResources(problems);
  return table;
}

/** Reads files and directories. Rejects with `RefusedResources` when one cannot be read. */
export async function loadResourceFiles(paths: readonly string[]): Promise<SourceFile[]> {
  try {
    return await readResourceFiles(paths);
  } catch (error) {
    throw unreadable(error, paths);
  }
}

function unreadable(error: unknown, paths: readonly string[]): RefusedResources {
  const { path = paths.join(", "), message } = error as NodeJS.ErrnoException;
  // Of `ENOENT: no such file or directory, open 'services.yaml'` the middle.
  const reason = /^[A-Z]+: (.+?)(?:, \w+(?: '.*')?)?$/s.exec(message)?.[1] ?? message;
  return new RefusedResources([`${path}: cannot be read: ${reason}`]);
}

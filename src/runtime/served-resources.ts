import {
  type Capabilities,
  compileFiles,
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

export interface ServedResourcesOptions {
  readonly paths: readonly string[];
  readonly pollMs: number;
  readonly capabilities: Capabilities;
  readonly runtime: Runtime;
  readonly metrics: LifecycleMetrics;
  readonly logger: Logger;
}

const QUIET_MS = 100;

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
      { paths, pollMs, quietMs: QUIET_MS, logger, onChange: (files) => this.#apply(files) },
      initial,
    );
  }

  /** Rejects with `RefusedResources` when the files have problems. */
  static async open(
    options: ServedResourcesOptions,
  ): Promise<{ served: ServedResources; table: RoutingTable }> {
    const files = await readResourceFiles(options.paths);
    const table = compiledTable(files, options.capabilities);
    await options.runtime.apply(table);
    return { served: new ServedResources(options, files), table };
  }

  /** Looks for a change now rather than at the next poll. */
  look(): Promise<void> {
    return this.#files.look();
  }

  close(): void {
    this.#files.close();
  }

  async #apply(files: readonly SourceFile[]): Promise<void> {
    const { capabilities, runtime, metrics, logger } = this.#options;
    try {
      await runtime.apply(compiledTable(files, capabilities));
    } catch (error) {
      const refused = error instanceof RefusedResources;
      if (refused) metrics.configRefused();
      logger.error("configuration refused, keeping the last good one", {
        ...(refused ? { problems: error.problems } : { err: error }),
      });
    }
  }
}

/** The routing table of files. Throws `RefusedResources` when anything is wrong with one of them. */
export function compiledTable(
  files: readonly SourceFile[],
  capabilities: Capabilities,
): RoutingTable {
  const { table, problems } = compileFiles(files, { capabilities });
  if (problems.length > 0) throw new RefusedResources(problems.map(formatFileProblem));
  return table;
}

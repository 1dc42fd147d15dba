import { CAPABILITIES } from "./app-options.ts";
import {
  builtinResources,
  type Conversion,
  type ConvertOptions,
  convertCIcap,
  convertIcapeg,
  type RoutingTable,
  type SourceFile,
} from "./resources/index.ts";
import { checkResources, loadResourceFiles, RefusedResources } from "./runtime/index.ts";

/** What resources come to: what would be served, or why they would be refused. */
export type ResourceCheck =
  | { readonly table: RoutingTable; readonly elsewhere: readonly string[] }
  | { readonly problems: readonly string[] };

/** What the command line does with resources without serving them. */
export interface ResourceTools {
  /** The resources that are served when no others are given, as YAML. */
  readonly builtin: () => string;
  /** Judges files and directories as `serve` would; none: the built-in resources. */
  readonly check: (paths: readonly string[]) => Promise<ResourceCheck>;
  /** A text says why the file cannot be read. */
  readonly convertIcapeg: (
    toml: string,
    options: ConvertOptions & {
      readonly environment: Readonly<Record<string, string | undefined>>;
    },
  ) => Conversion | string;
  readonly convertCIcap: (files: readonly SourceFile[], options: ConvertOptions) => Conversion;
}

export const resourceTools: ResourceTools = {
  builtin: () => builtinResources().text,
  check,
  convertIcapeg,
  convertCIcap,
};

async function check(paths: readonly string[]): Promise<ResourceCheck> {
  try {
    const files = paths.length === 0 ? [builtinResources()] : await loadResourceFiles(paths);
    const { problems, table, objects } = checkResources(files, CAPABILITIES);
    if (problems.length > 0) return { problems };
    const elsewhere = objects
      .filter(({ accepted }) => !accepted)
      .map(({ kind, namespace, name }) => [kind, namespace, name].filter(Boolean).join("/"));
    return { table, elsewhere };
  } catch (error) {
    if (error instanceof RefusedResources) return { problems: error.problems };
    throw error;
  }
}

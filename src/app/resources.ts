import {
  builtinResources,
  type Conversion,
  type ConvertOptions,
  convertCIcap,
  convertIcapeg,
  type RoutingTable,
  type SourceFile,
} from "../resources/index.ts";
import { checkResources, loadResourceFiles, RefusedResources } from "../runtime/index.ts";
import { CAPABILITIES } from "./options.ts";

export type { RoutingTable };

/** What resources come to: what would be served, or why they would be refused. */
export type ResourceCheck =
  | {
      readonly table: RoutingTable;
      /** Objects that are right and of another gateway: `IcapService/default/mail`. */
      readonly elsewhere: readonly string[];
    }
  | { readonly problems: readonly string[] };

/** Another program's configuration as resources. */
export interface ConvertedConfiguration {
  /** Empty when the configuration cannot be read. */
  readonly yaml: string;
  /** What was not, or not quite, carried over: a line each. */
  readonly notes: readonly string[];
  /** Why the resources would be refused as they are, or why there are none: a line each. */
  readonly problems: readonly string[];
}

export interface ConversionOptions extends ConvertOptions {
  /** The name of the resources in problems. */
  readonly outputName: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

type Converter = (
  files: readonly SourceFile[],
  options: ConversionOptions,
) => ConvertedConfiguration;

/** What the command line does with resources without serving them. */
export interface ResourceTools {
  /** The resources that are served when no others are given, as YAML. */
  readonly builtin: () => string;
  /** Judges files and directories as `serve` would; none: the built-in resources. */
  readonly check: (paths: readonly string[]) => Promise<ResourceCheck>;
  /** Of one file, ICAPeg's config.toml. */
  readonly convertIcapeg: Converter;
  /** Of c-icap.conf and the files that it includes, and of squidclamav.conf. */
  readonly convertCIcap: Converter;
}

export const resourceTools: ResourceTools = {
  builtin: () => builtinResources().text,
  check,
  convertIcapeg: ([{ name, text } = { name: "", text: "" }], options) => {
    const conversion = convertIcapeg(text, options);
    return typeof conversion === "string"
      ? { yaml: "", notes: [], problems: [`${name}: ${conversion}`] }
      : judged(conversion, options);
  },
  convertCIcap: (files, options) => judged(convertCIcap(files, options), options),
};

async function check(paths: readonly string[]): Promise<ResourceCheck> {
  try {
    const files = paths.length === 0 ? [builtinResources()] : await loadResourceFiles(paths);
    const { problems, table, objects } = checkResources(files, CAPABILITIES);
    if (problems.length > 0) return { problems };
    const elsewhere = objects
      .filter(({ accepted }) => !accepted)
      .map(({ kind, namespace, name }) => `${kind}/${namespace}/${name}`);
    return { table, elsewhere };
  } catch (error) {
    if (error instanceof RefusedResources) return { problems: error.problems };
    throw error;
  }
}

function judged(
  { yaml, notes }: Conversion,
  { outputName }: ConversionOptions,
): ConvertedConfiguration {
  return {
    yaml,
    notes: notes.map(({ where, option, message }) => `${where}: ${option}: ${message}`),
    problems: checkResources([{ name: outputName, text: yaml }], CAPABILITIES).problems,
  };
}

import { type Compilation, compile } from "../compile/compile.ts";
import type { CompileOptions } from "../compile/options.ts";
import { type FieldPath, formatProblem, type Problem } from "../problem.ts";
import { readDocuments, type SourcedValue, type SourceFile } from "./yaml-source.ts";

/** One thing that is wrong with a file. */
export interface FileProblem extends Problem {
  readonly file: string;
  readonly line: number;
}

export interface FileCompilation extends Compilation {
  /** All problems of all files, by file (in the order given) and line. */
  readonly problems: readonly FileProblem[];
}

/** Options that files answer themselves. */
type FromFiles = "configMaps" | "namespaces";

/**
 * Compiles the resources of files. Beside Sluice's own kinds the files may hold ConfigMaps, for
 * block pages and certificate authorities, and Namespaces, for their labels, so that what is
 * applied to a cluster can be checked as it is.
 */
export function compileFiles(
  files: readonly SourceFile[],
  options: Omit<CompileOptions, FromFiles>,
): FileCompilation {
  const read = files.map(readDocuments);
  const syntax = read.flatMap(({ problems }) =>
    problems.map((problem) => ({ ...problem, path: [] })),
  );
  const sorted = sortByKind(read.flatMap(({ values }) => values).flatMap(itemsOf));
  const defaultNamespace = options.defaultNamespace ?? "default";
  const compilation = compile(
    sorted.resources.map(({ value }) => value),
    {
      ...options,
      configMaps: configMapsOf(sorted.configMaps, defaultNamespace),
      namespaces: namespacesOf(sorted.namespaces),
    },
  );
  const problems = [...syntax, ...sorted.problems];
  compilation.objects.forEach((object, index) => {
    const source = sorted.resources[index] as SourcedValue;
    problems.push(...object.problems.map((problem) => locate(problem, source)));
  });
  const order = new Map(files.map(({ name }, index) => [name, index]));
  problems.sort((a, b) => (order.get(a.file) ?? 0) - (order.get(b.file) ?? 0) || a.line - b.line);
  return { ...compilation, problems };
}

/** `services.yaml:14: spec.outcomes.timout: unknown field, did you mean "timeout"?` */
export function formatFileProblem(problem: FileProblem): string {
  return `${problem.file}:${problem.line}: ${formatProblem(problem)}`;
}

function locate(problem: Problem, { file, lineOf }: SourcedValue): FileProblem {
  return { ...problem, file, line: lineOf(problem.path) };
}

/** The items of a `List`, as `kubectl get -o yaml` prints it; else the value itself. */
function itemsOf(source: SourcedValue): SourcedValue[] {
  const { kind, apiVersion, items } = fieldsOf(source.value);
  if (kind !== "List" || apiVersion !== "v1" || !Array.isArray(items)) {
    return [source];
  }
  return items.map((value: unknown, index) => ({
    file: source.file,
    value,
    lineOf: (path: FieldPath) => source.lineOf(["items", index, ...path]),
  }));
}

interface Sorted {
  readonly resources: SourcedValue[];
  readonly configMaps: SourcedValue[];
  readonly namespaces: SourcedValue[];
  readonly problems: FileProblem[];
}

function sortByKind(sources: readonly SourcedValue[]): Sorted {
  const sorted: Sorted = { resources: [], configMaps: [], namespaces: [], problems: [] };
  for (const source of sources) {
    const { kind, apiVersion } = fieldsOf(source.value);
    const core = apiVersion === "v1" ? kind : undefined;
    if (core === "ConfigMap") {
      sorted.configMaps.push(source);
    } else if (core === "Namespace") {
      sorted.namespaces.push(source);
    } else if (core === "Secret") {
      const message = "Secrets are not read from resource files: give them by file or environment";
      sorted.problems.push(locate({ path: ["kind"], message }, source));
    } else {
      sorted.resources.push(source);
    }
  }
  return sorted;
}

function configMapsOf(
  sources: readonly SourcedValue[],
  defaultNamespace: string,
): Map<string, Record<string, string>> {
  return new Map(
    sources.map(({ value }) => {
      const { metadata, data } = fieldsOf(value);
      const { name, namespace = defaultNamespace } = fieldsOf(metadata);
      return [`${namespace}/${name}`, textsOf(data)] as const;
    }),
  );
}

function namespacesOf(sources: readonly SourcedValue[]): Map<string, Record<string, string>> {
  return new Map(
    sources.map(({ value }) => {
      const { name, labels } = fieldsOf(fieldsOf(value)["metadata"]);
      return [String(name), textsOf(labels)] as const;
    }),
  );
}

function textsOf(value: unknown): Record<string, string> {
  const entries = Object.entries(fieldsOf(value));
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return value !== null && typeof value === "object" ? (value as Record<string, unknown>) : {};
}

import { clip, type Problem } from "../problem.ts";
import { problemsOf } from "../schema/issues.ts";
import { KINDS, type Resource } from "../schema/kinds.ts";
import { API_VERSION } from "../schema/object-meta.ts";
import { nearest } from "../schema/suggest.ts";

/** One input after the schema: a resource with its identity, or what is wrong with it. */
export interface Candidate {
  readonly kind: string | undefined;
  /** Empty for cluster-wide kinds. */
  readonly namespace: string;
  readonly name: string | undefined;
  readonly generation: number | undefined;
  readonly resource: Resource | undefined;
  readonly problems: readonly Problem[];
}

/** Parses anything. Never throws: what is not a resource comes back with its problems. */
export function identify(input: unknown, defaultNamespace: string): Candidate {
  const envelope = fieldsOf(input);
  const metadata = fieldsOf(envelope["metadata"]);
  const definition = KINDS.find(({ kind }) => kind === envelope["kind"]);
  const identity = {
    kind: text(envelope["kind"]),
    namespace:
      definition?.scope === "Cluster" ? "" : (text(metadata["namespace"]) ?? defaultNamespace),
    name: text(metadata["name"]),
    generation: Number.isSafeInteger(metadata["generation"])
      ? (metadata["generation"] as number)
      : undefined,
  };
  if (definition === undefined) {
    return { ...identity, resource: undefined, problems: [kindProblem(input, envelope["kind"])] };
  }
  const parsed = definition.schema.safeParse(input, { reportInput: true });
  return parsed.success
    ? { ...identity, resource: parsed.data as Resource, problems: [] }
    : { ...identity, resource: undefined, problems: problemsOf(parsed.error, definition.schema) };
}

function kindProblem(input: unknown, kind: unknown): Problem {
  if (input === null || typeof input !== "object" || Array.isArray(input)) {
    return {
      path: [],
      message: `not a resource: an object with apiVersion ${API_VERSION} is expected`,
    };
  }
  if (typeof kind !== "string") {
    return { path: ["kind"], message: kind === undefined ? "required" : "must be a string" };
  }
  const known = KINDS.map((definition) => definition.kind);
  const suggestion = nearest(kind, known);
  const hint =
    suggestion === undefined ? `known are ${known.join(", ")}` : `did you mean "${suggestion}"?`;
  return { path: ["kind"], message: `unknown kind "${clip(kind)}", ${hint}` };
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return value !== null && typeof value === "object" ? (value as Record<string, unknown>) : {};
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

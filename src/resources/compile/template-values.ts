import type { Problem } from "../problem.ts";
import { nearest } from "../schema/suggest.ts";
import type { TemplateSpec } from "../schema/template-spec.ts";

type ParamSpec = TemplateSpec["params"][string];

export interface GivenValues {
  readonly params: Readonly<Record<string, unknown>>;
  /** Names of the secrets that are given. */
  readonly secrets: readonly string[];
}

export interface ResolvedValues {
  readonly params: Readonly<Record<string, unknown>>;
  readonly problems: readonly Problem[];
}

/** The parameters of a template with their defaults, and what is wrong with those that are given. */
export function resolveValues(template: TemplateSpec, given: GivenValues): ResolvedValues {
  const declared = Object.entries(template.params);
  const problems = [
    ...unknownNames(Object.keys(given.params), Object.keys(template.params), "params"),
    ...unknownNames(given.secrets, Object.keys(template.secrets), "secrets"),
    ...missingSecrets(template, given.secrets),
  ];
  const params: Record<string, unknown> = {};
  for (const [name, spec] of declared) {
    const value = Object.hasOwn(given.params, name) ? given.params[name] : spec.default;
    const message = value === undefined ? "required" : paramProblem(value, spec);
    if (message !== undefined) problems.push({ path: ["params", name], message });
    params[name] = value;
  }
  return { params, problems };
}

function unknownNames(
  given: readonly string[],
  known: readonly string[],
  where: "params" | "secrets",
): Problem[] {
  return given
    .filter((name) => !known.includes(name))
    .map((name) => {
      const suggestion = nearest(name, known);
      const hint = suggestion === undefined ? "" : `, did you mean "${suggestion}"?`;
      return { path: [where, name], message: `the template has no such name${hint}` };
    });
}

function missingSecrets({ secrets }: TemplateSpec, given: readonly string[]): Problem[] {
  return Object.entries(secrets)
    .filter(([name, { optional }]) => !optional && !given.includes(name))
    .map(([name]) => ({ path: ["secrets", name], message: "required" }));
}

/** What is wrong with the value of a parameter. */
export function paramProblem(
  value: unknown,
  { type, enum: values }: ParamSpec,
): string | undefined {
  if (!PARAM_TYPES[type].is(value)) return `must be ${PARAM_TYPES[type].name}`;
  if (values === undefined || values.includes(String(value))) return undefined;
  return `must be one of ${values.map((one) => `"${one}"`).join(", ")}`;
}

const PARAM_TYPES: Readonly<
  Record<ParamSpec["type"], { readonly name: string; readonly is: (value: unknown) => boolean }>
> = {
  String: { name: "a string", is: (value) => typeof value === "string" },
  Integer: { name: "a whole number", is: (value) => Number.isSafeInteger(value) },
  Number: { name: "a number", is: (value) => Number.isFinite(value) },
  Boolean: { name: "a boolean", is: (value) => typeof value === "boolean" },
  StringList: {
    name: "a list of strings",
    is: (value) => Array.isArray(value) && value.every((item) => typeof item === "string"),
  },
};

import type { Problem } from "../problem.ts";
import type { ScannerSpec } from "../schema/scanner-spec.ts";
import { AcceptedReason, type Finding } from "./conditions.ts";
import { type CompiledTemplate, compileTemplate, presetTemplate } from "./template.ts";

type Reference = NonNullable<ScannerSpec["protocol"]["template"]>;
type SpecWithTemplate = { readonly protocol: { readonly template?: Reference | undefined } };

const HERE = ["spec", "protocol", "template"];

/** What is wrong with a scanner's template; empty for scanners of other protocols. */
export function templateFindings(
  { protocol }: SpecWithTemplate,
  baseUrl: string | undefined,
): Finding<AcceptedReason>[] {
  const { template } = protocol;
  if (template === undefined) return [];
  const compiled = templateOfSpec(template, baseUrl);
  if ("template" in compiled) return [];
  const document = template.inline === undefined ? "preset" : "inline";
  return [
    ...compiled.given.map((problem) => findingAt(HERE, problem)),
    ...compiled.problems.map((problem) =>
      document === "inline"
        ? findingAt([...HERE, "inline"], problem)
        : { ...findingAt([...HERE, "preset"], { ...problem, path: [] }), message: told(problem) },
    ),
  ];
}

/** The template that a scanner names, filled in. */
export function templateOfSpec(
  reference: Reference,
  baseUrl: string | undefined,
): CompiledTemplate {
  const { preset = "", inline, params } = reference;
  const spec = inline ?? presetTemplate(preset);
  if (typeof spec === "string") return { problems: [{ path: [], message: spec }], given: [] };
  return compileTemplate(spec, { params, secrets: Object.keys(reference.secrets), baseUrl });
}

/** A preset's own fields are not in the object: they are named in the message. */
function told({ path, message }: Problem): string {
  return path.length === 0 ? message : `${path.join(".")}: ${message}`;
}

function findingAt(
  base: readonly (string | number)[],
  { path, message }: Problem,
): Finding<AcceptedReason> {
  return { reason: AcceptedReason.InvalidTemplate, path: [...base, ...path], message };
}

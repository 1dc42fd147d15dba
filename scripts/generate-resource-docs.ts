/** Writes docs/resources/*.md and the tables of docs/rules.md and docs/templates.md from src. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { KINDS, type KindDefinition, templateSpec } from "../src/resources/index.ts";
import { TEMPLATE_FUNCTIONS, TEMPLATE_VARIABLES } from "../src/scanning/template/index.ts";
import {
  FUNCTIONS,
  NOW,
  STANDARD_FUNCTIONS,
  STANDARD_MACROS,
  STANDARD_METHODS,
  VARIABLES,
} from "../src/services/rules/index.ts";

const docs = join(import.meta.dirname, "..", "docs");
const origin =
  "<!-- Written by scripts/generate-resource-docs.ts: edit src/resources and run `npm run generate`. -->";

interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly example?: unknown;
  readonly unit?: string;
  readonly bounds?: string;
  readonly enum?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: Schema | false;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly "x-kubernetes-validations"?: readonly {
    readonly rule: string;
    readonly message: string;
  }[];
}

/** One row of a reference table. */
interface Field {
  readonly path: string;
  readonly schema: Schema;
  readonly isRequired: boolean;
}

function jsonSchema(schema: z.ZodType): Schema {
  return z.toJSONSchema(schema, { target: "openapi-3.0", io: "input" }) as Schema;
}

function fieldsBelow(schema: Schema, path: string): Field[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const here = path === "" ? name : `${path}.${name}`;
    const isRequired = schema.required?.includes(name) ?? false;
    const self = { path: here, schema: field, isRequired };
    // A template has a page of its own.
    if (here.endsWith(".template.inline")) return [self];
    const items = field.items === undefined ? [] : fieldsBelow(field.items, `${here}[]`);
    const values = field.additionalProperties
      ? fieldsBelow(field.additionalProperties, `${here}.*`)
      : [];
    return [self, ...fieldsBelow(field, here), ...items, ...values];
  });
}

function typeOf(schema: Schema): string {
  if (schema.enum !== undefined) {
    return schema.enum.map((value) => `\`${value}\``).join(", ");
  }
  if (schema.unit === "duration" || schema.unit === "rate") {
    return schema.unit;
  }
  if (schema.unit === "bytes" && schema.type === undefined) {
    return "quantity of bytes";
  }
  if (schema.items !== undefined) {
    return `list of ${entryTypeOf(schema.items)}`;
  }
  if (schema.additionalProperties) {
    return `map of ${entryTypeOf(schema.additionalProperties)}`;
  }
  if (schema.type === undefined) {
    return "any JSON";
  }
  const unit = schema.unit === undefined ? "" : ` (${schema.unit})`;
  return `${schema.type === "integer" ? "whole number" : schema.type}${unit}`;
}

function entryTypeOf(schema: Schema): string {
  return schema.properties === undefined ? typeOf(schema) : "objects";
}

function boundsOf(schema: Schema): string | undefined {
  if (schema.bounds !== undefined) {
    return schema.bounds;
  }
  if (schema.items !== undefined) {
    return range(schema.minItems, schema.maxItems, " entries");
  }
  if (schema.type === "integer") {
    const { minimum, maximum = Number.MAX_SAFE_INTEGER } = schema;
    return range(minimum, maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum, "");
  }
  if (schema.type === "string" && schema.enum === undefined && schema.unit === undefined) {
    return schema.maxLength === undefined ? undefined : `at most ${schema.maxLength} characters`;
  }
  return undefined;
}

function range(
  low: number | undefined,
  high: number | undefined,
  what: string,
): string | undefined {
  if (high === undefined) {
    return low === undefined || low === 0 ? undefined : `at least ${low}${what}`;
  }
  return low === undefined ? `at most ${high}${what}` : `${low} to ${high}${what}`;
}

function defaultOf({ schema, isRequired }: Field): string {
  if (isRequired) {
    return "**required**";
  }
  const isPlain = schema.default !== undefined && schema.properties === undefined;
  return isPlain ? `\`${JSON.stringify(schema.default).replaceAll('"', "")}\`` : "";
}

function row(field: Field): string {
  const { path, schema } = field;
  const bounds = boundsOf(schema);
  const example =
    schema.example === undefined
      ? undefined
      : `Example: \`${typeof schema.example === "string" ? schema.example : JSON.stringify(schema.example)}\`.`;
  const text = [
    schema.description,
    bounds === undefined ? undefined : `${capitalised(bounds)}.`,
    example,
  ]
    .filter((part) => part !== undefined)
    .join(" ");
  return `| \`${path}\` | ${typeOf(schema)} | ${defaultOf(field)} | ${text.replaceAll("|", "\\|")} |`;
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function table(fields: readonly Field[]): string {
  const head = "| field | type | default | |\n|---|---|---|---|";
  return [head, ...fields.map(row)].join("\n");
}

/** Contradictions that are refused: rules about more than one field. */
function contradictions(schema: Schema, path: string): string[] {
  const own = (
    schema.properties === undefined ? [] : (schema["x-kubernetes-validations"] ?? [])
  ).map(({ message }) => `- \`${path}\`: ${message}`);
  const below = Object.entries(schema.properties ?? {}).flatMap(([name, field]) => [
    ...contradictions(field, `${path}.${name}`),
    ...(field.items === undefined ? [] : contradictions(field.items, `${path}.${name}[]`)),
  ]);
  return [...own, ...below];
}

function pageOf(definition: KindDefinition): string {
  const { kind, summary, scope, plural, shortNames, spec, status } = definition;
  const wanted = jsonSchema(spec);
  const where = scope === "Cluster" ? "cluster-wide" : "namespaced";
  return `# ${kind}

${origin}

${summary} \`kubectl get ${plural}\` or \`kubectl get ${shortNames.join("`, `")}\`; ${where}.

A field that is not listed here is an error. Durations are whole numbers with \`ms\`, \`s\`, \`m\` or \`h\` (\`1m30s\`); quantities of bytes are
whole numbers with \`k\`, \`M\`, \`G\`, \`Ki\`, \`Mi\` or \`Gi\` or none (\`100Mi\`, \`65536\`); rates are \`100/s\`, \`4/m\` or \`500/h\`.

## spec

${table(fieldsBelow(wanted, "spec"))}

These are refused, by the API server and by \`sluice check\` alike:

${contradictions(wanted, "spec").join("\n")}

## status

${table(fieldsBelow(jsonSchema(status), "status"))}

What the conditions mean: [conditions.md](conditions.md).
`;
}

/** Replaces what stands between the markers of a generated part of a hand-written page. */
function fillIn(page: string, part: string, content: string): string {
  const [open, close] = [`<!-- ${part}: generated -->`, `<!-- ${part}: end -->`];
  const [before, rest] = page.split(open);
  const after = rest?.split(close)[1];
  if (before === undefined || after === undefined) {
    throw new Error(`the page lacks the markers of ${part}`);
  }
  return `${before}${open}\n\n${content}\n\n${close}${after}`;
}

function variablesTable(): string {
  const rows = VARIABLES.flatMap(({ name, description, fields }) => [
    `| **\`${name}\`** | | ${description} |`,
    ...Object.entries(fields).map(
      ([field, { type, description: text }]) => `| \`${name}.${field}\` | ${type} | ${text} |`,
    ),
  ]);
  const now = `| **\`${NOW.name}\`** | timestamp | ${NOW.description} |`;
  return ["| variable | type | |\n|---|---|---|", ...rows, now].join("\n");
}

function functionsTable(functions: readonly (typeof FUNCTIONS)[number][]): string {
  const rows = functions.map(
    ({ signature, description, example }) =>
      `| \`${signature.replace("google.protobuf.Timestamp", "timestamp")}\` | ${description} | \`${example}\` |`,
  );
  return ["| function | | example |\n|---|---|---|", ...rows].join("\n");
}

function templateVariablesTable(): string {
  const rows = TEMPLATE_VARIABLES.flatMap(({ name, description, record }) => [
    `| **\`${name}\`** | | ${description} |`,
    ...Object.entries(record?.fields ?? {}).map(
      ([field, { type, description: text }]) => `| \`${name}.${field}\` | ${type} | ${text} |`,
    ),
  ]);
  return ["| variable | type | |\n|---|---|---|", ...rows].join("\n");
}

function standardList(): string {
  const calls = (names: readonly string[]) => names.map((name) => `\`${name}()\``).join(", ");
  return [
    `- Methods: ${calls(STANDARD_METHODS)}.`,
    `- Macros: ${calls(STANDARD_MACROS)}.`,
    `- Functions: ${calls(STANDARD_FUNCTIONS)}.`,
  ].join("\n");
}

mkdirSync(join(docs, "resources"), { recursive: true });
for (const definition of KINDS) {
  writeFileSync(join(docs, "resources", `${definition.kind.toLowerCase()}.md`), pageOf(definition));
}
const rules = join(docs, "rules.md");
let page = readFileSync(rules, "utf8");
page = fillIn(page, "variables", variablesTable());
page = fillIn(page, "functions", functionsTable(FUNCTIONS));
page = fillIn(page, "standard", standardList());
writeFileSync(rules, page);

const templates = join(docs, "templates.md");
page = readFileSync(templates, "utf8");
page = fillIn(page, "variables", templateVariablesTable());
page = fillIn(page, "functions", functionsTable(TEMPLATE_FUNCTIONS));
page = fillIn(page, "fields", table(fieldsBelow(jsonSchema(templateSpec), "")));
writeFileSync(templates, page);

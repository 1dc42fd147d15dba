/** Writes what each preset asks for and sends into docs/presets.md, between its marks. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compileTemplate, presetNames, presetTemplate } from "../src/resources/index.ts";
import { templateAbilities } from "../src/scanning/template/index.ts";
import { makePlan } from "../src/scanning/template/plan/make-plan.ts";

type Preset = Exclude<ReturnType<typeof presetTemplate>, string>;

const file = join(import.meta.dirname, "..", "docs", "presets.md");

/** In a cell of a table. */
const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");
const code = (value: unknown): string =>
  `\`${typeof value === "string" && value !== "" ? value : JSON.stringify(value)}\``;

const INPUTS = {
  content: "the content, its name",
  hash: "the SHA-256",
  url: "the URL",
  headers: "method, status and, where the service shares it, who asks",
} as const;

function compiled(name: string, spec: Preset) {
  const missing = Object.entries(spec.params).filter(([, param]) => param.default === undefined);
  const result = compileTemplate(spec, {
    params: Object.fromEntries(missing.map(([param]) => [param, "x"])),
    secrets: Object.keys(spec.secrets),
    baseUrl: "https://scanner.example",
  });
  if ("problems" in result) throw new Error(`${name}: ${JSON.stringify(result)}`);
  return result.template;
}

function rowsOf(name: string, spec: Preset): string[] {
  const template = compiled(name, spec);
  const made = makePlan(template);
  if ("problems" in made) throw new Error(name);
  const { inputs } = templateAbilities(template);
  const { limits } = spec;
  const sendsText = made.plan.reads.has("text");
  const told: string[] = inputs.map((input) => INPUTS[input]);
  if (sendsText && !inputs.includes("content")) told.unshift("the content as text");
  const largest = sendsText ? limits.textBytes : limits.maxBytes;
  const hasContent = sendsText || inputs.includes("content");
  return [
    `| asked at | ${spec.baseUrl === undefined ? "`endpoint.url`, which must be given" : code(spec.baseUrl)} |`,
    `| may be told | ${told.join("; ")} |`,
    ...(hasContent ? [`| largest entity | ${code(largest)} |`] : []),
    `| verdicts depend on | ${code(made.plan.cacheScope)} |`,
    `| epoch | ${spec.epoch === undefined ? "that of the preset itself" : `the engine's version, asked every ${spec.epoch.every}`} |`,
    ...Object.entries(spec.params).map(
      ([param, { type, default: value, enum: values, description = "" }]) =>
        `| ${code(`params.${param}`)} | ${cell(`${description} ${values === undefined ? type : values.map(code).join(", ")}; ${value === undefined ? "must be given" : `default ${code(value)}`}.`)} |`,
    ),
    ...Object.entries(spec.secrets).map(
      ([secret, { optional, description = "" }]) =>
        `| ${code(`secrets.${secret}`)} | ${cell(description)}${optional ? " Optional." : ""} |`,
    ),
  ];
}

function blockOf(name: string): string {
  const spec = presetTemplate(name);
  if (typeof spec === "string") throw new Error(`${name}: ${spec}`);
  const description = spec.description ?? "";
  return [`${description}\n`, "| | |", "|---|---|", ...rowsOf(name, spec)].join("\n");
}

let text = readFileSync(file, "utf8");
for (const name of presetNames()) {
  const [start, end] = [`<!-- preset ${name}: generated -->`, `<!-- preset ${name}: end -->`];
  const [from, to] = [text.indexOf(start), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/presets.md has no marks for ${name}`);
  text = `${text.slice(0, from + start.length)}\n${blockOf(name)}\n${text.slice(to)}`;
}
writeFileSync(file, text);

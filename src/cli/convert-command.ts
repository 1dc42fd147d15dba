import { readFileSync, writeFileSync } from "node:fs";
import type { ConversionOptions, ConvertedConfiguration, ResourceTools } from "../app/index.ts";
import type { CliContext } from "./cli-context.ts";
import { ExitCode } from "./exit-code.ts";
import { fileProblem } from "./file-problem.ts";

export interface ConvertFlags {
  readonly output?: string;
  readonly clamavUrl?: string;
  readonly hashLookupUrl?: string;
}

/** Whose configuration is converted: the name of the tool that does it. */
export type ConvertedServer = "convertIcapeg" | "convertCIcap";

/** Writes the resources that do what the files of another server say. */
export async function convert(
  server: ConvertedServer,
  paths: readonly string[],
  flags: ConvertFlags,
  context: CliContext,
): Promise<ExitCode> {
  const tools: ResourceTools = await context.resourceTools();
  try {
    const files = paths.map((name) => ({ name, text: textIn(name) }));
    return deliver(tools[server](files, optionsOf(flags, context)), flags, context);
  } catch (error) {
    context.stderr.write(`${(error as Error).message}\n`);
    return ExitCode.Unusable;
  }
}

function textIn(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new Error(`${path}: ${fileProblem(error)}`);
  }
}

function optionsOf(flags: ConvertFlags, { sourcesFor }: CliContext): ConversionOptions {
  const { output = "converted", clamavUrl, hashLookupUrl } = flags;
  return { outputName: output, environment: sourcesFor([]).env, clamavUrl, hashLookupUrl };
}

/** The resources go out even when they have problems: that is what to mend. */
function deliver(
  { yaml, notes, problems }: ConvertedConfiguration,
  { output }: ConvertFlags,
  { stdout, stderr }: CliContext,
): ExitCode {
  for (const line of [...notes, ...problems]) stderr.write(`${line}\n`);
  if (yaml === "") return ExitCode.Unusable;
  if (output === undefined) stdout.write(yaml);
  else writeFileSync(output, yaml);
  return problems.length === 0 ? ExitCode.Ok : ExitCode.Failed;
}

import type { CliContext } from "./cli-context.ts";
import { ExitCode } from "./exit-code.ts";
import { tablePicture } from "./table-picture.ts";

export interface CheckFlags {
  readonly file?: readonly string[];
  readonly json?: boolean;
}

/** Judges resources as `serve` would, and prints what would be served. */
export async function check(
  paths: readonly string[],
  { file = [], json = false }: CheckFlags,
  { stdout, stderr, resourceTools }: CliContext,
): Promise<ExitCode> {
  const { check: judge } = await resourceTools();
  const result = await judge([...file, ...paths]);
  if ("problems" in result) {
    stderr.write(`${result.problems.join("\n")}\n`);
    return ExitCode.Unusable;
  }
  for (const other of result.elsewhere) stderr.write(`${other}: of another gateway, not served\n`);
  stdout.write(json ? `${JSON.stringify(result.table, null, 2)}\n` : tablePicture(result.table));
  return ExitCode.Ok;
}

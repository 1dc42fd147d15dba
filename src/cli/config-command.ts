import {
  defaultSettingsFile,
  effectiveSettingsFile,
  formatProblems,
  loadSettings,
} from "../config/index.ts";
import type { CliContext } from "./cli-context.ts";
import { ExitCode } from "./exit-code.ts";

/** Prints the resources that are served when no others are given. */
export async function configDefault({ stdout, resourceTools }: CliContext): Promise<ExitCode> {
  const { builtin } = await resourceTools();
  stdout.write(builtin());
  return ExitCode.Ok;
}

/** Prints a settings file with all defaults. */
export function configSettings({ stdout }: CliContext): ExitCode {
  stdout.write(defaultSettingsFile());
  return ExitCode.Ok;
}

/** Checks the settings as `serve` would and prints those in force. */
export function configCheck(flags: readonly string[], context: CliContext): ExitCode {
  const loaded = loadSettings(context.sourcesFor(flags));
  if (!loaded.ok) {
    context.stderr.write(`${formatProblems(loaded.problems)}\n`);
    return ExitCode.Unusable;
  }
  context.stdout.write(effectiveSettingsFile(loaded.effective));
  return ExitCode.Ok;
}

import { InvalidArgumentError } from "commander";
import type { CliContext } from "./cli-context.ts";
import { ExitCode } from "./exit-code.ts";
import { bearerToken, UsageError } from "./token.ts";

export interface ConformanceFlags {
  readonly json?: boolean;
  readonly tokenFile?: string;
}

/** Reads the base URL of a scanner; refuses what it would be a mistake to send content to. */
export function scannerUrl(text: string): string {
  const url = URL.parse(text);
  const isBase = url !== null && /^https?:$/.test(url.protocol) && url.search + url.hash === "";
  if (!isBase || url.username !== "") {
    throw new InvalidArgumentError("it must be like http://127.0.0.1:8080");
  }
  return url.href;
}

/** Holds a scanner to the rules of scan/v1, and prints a line for each. */
export async function scannerConformance(
  url: string,
  { json = false, tokenFile }: ConformanceFlags,
  context: CliContext,
): Promise<ExitCode> {
  const { stdout, stderr, scannerTools } = context;
  let token: string | undefined;
  try {
    token = bearerToken(tokenFile, "SLUICE_SCANNER_TOKEN", context);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    stderr.write(`error: ${error.message.replace(/\p{Cc}/gu, "?")}\n`);
    return ExitCode.Unusable;
  }
  const counts = { ok: 0, failed: 0, skipped: 0 };
  const { checkConformance } = await scannerTools();
  for await (const check of checkConformance(url, { token })) {
    counts[check.result] += 1;
    const why = check.why === undefined ? "" : `: ${check.why}`;
    const line = `${check.result.padEnd(8)} ${check.rule}${why}`.replace(/\p{Cc}/gu, "?");
    stdout.write(json ? `${JSON.stringify(check)}\n` : `${line}\n`);
  }
  if (!json) {
    stdout.write(`${counts.ok} ok, ${counts.failed} failed, ${counts.skipped} skipped\n`);
  }
  return counts.failed === 0 ? ExitCode.Ok : ExitCode.Failed;
}

import { once } from "node:events";
import type { RunningScanner } from "../app/index.ts";
import { createLog, type Log } from "../telemetry/index.ts";
import type { CliContext } from "./cli-context.ts";
import { ExitCode } from "./exit-code.ts";
import { readScannerSettings, type ScannerFlags } from "./scanners/scanner-setting.ts";
import { contradictions, scanServerOptions, serverSettings } from "./scanners/server-settings.ts";
import type { ShippedScanner } from "./scanners/shipped-scanner.ts";
import { startFailure } from "./start-failure.ts";
import { version } from "./version.ts";

/** Serves scan/v1 in front of an engine until a signal, then drains; a second signal ends at once. */
export async function serveScanner(
  shipped: ShippedScanner,
  flags: ScannerFlags,
  context: CliContext,
): Promise<ExitCode> {
  const sources = { flags, env: context.sourcesFor([]).env };
  const own = readScannerSettings(shipped.settings, sources);
  const common = readScannerSettings(serverSettings, sources);
  const problems = [
    ...own.problems,
    ...common.problems,
    ...(common.values === undefined ? [] : contradictions(common.values)),
  ];
  if (own.values === undefined || common.values === undefined || problems.length > 0) {
    context.stderr.write(`${problems.join("\n")}\n`);
    return ExitCode.Unusable;
  }
  const [settings, server] = [own.values, common.values];
  const log = createLog({ level: server["log-level"] });
  try {
    return await untilSignal(shipped.name, log, context, async () =>
      shipped.start(await context.scannerServer(), settings, scanServerOptions(server, log.logger)),
    );
  } finally {
    log.flush();
  }
}

async function untilSignal(
  name: string,
  { logger }: Log,
  { signals, stderr }: CliContext,
  start: () => Promise<RunningScanner>,
): Promise<ExitCode> {
  // From here on, so that a signal during the start is not lost.
  const firstSignal = nextSignal(signals);
  let scanner: RunningScanner;
  try {
    scanner = await start();
  } catch (error) {
    const { text, exitCode } = startFailure(error);
    stderr.write(`${text}\n`);
    return exitCode;
  }
  stderr.write(`${banner(name, scanner)}\n`);
  logger.info("serving", { version, ...scanner.address, epoch: scanner.epoch });
  const signal = await firstSignal;
  logger.info("draining", { signal });
  const drained = scanner.drain().then(() => ExitCode.Ok);
  const cutShort = nextSignal(signals).then(() => ExitCode.Failed);
  const exitCode = await Promise.race([drained, cutShort]);
  if (exitCode === ExitCode.Failed) scanner.abort();
  await drained;
  return exitCode;
}

function banner(
  name: string,
  { scheme, address: { host, port }, epoch, notReady }: RunningScanner,
): string {
  const authority = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const state = notReady === undefined ? `epoch ${epoch}` : `not ready yet: ${notReady}`;
  return `Sluice ${version} scanner ${name} is serving ${scheme}://${authority}/v1/scan (${state})`;
}

async function nextSignal(signals: CliContext["signals"]): Promise<string> {
  const heard = new AbortController();
  const { signal } = heard;
  try {
    return await Promise.race(
      ["SIGTERM", "SIGINT"].map((name) => once(signals, name, { signal }).then(() => name)),
    );
  } finally {
    heard.abort();
  }
}

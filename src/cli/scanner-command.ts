import { once } from "node:events";
import type { RunningScanner } from "../app/index.ts";
import { createLog, type Log } from "../telemetry/index.ts";
import type { CliContext } from "./cli-context.ts";
import { ExitCode } from "./exit-code.ts";
import { type ClamavSettings, readClamavSettings } from "./scanner-settings.ts";
import { startFailure } from "./start-failure.ts";
import { version } from "./version.ts";

/** Serves scan/v1 in front of clamd until a signal, then drains; a second signal ends at once. */
export async function scannerClamav(
  flags: Readonly<Record<string, string | undefined>>,
  context: CliContext,
): Promise<ExitCode> {
  const settings = readClamavSettings(flags, context.sourcesFor([]).env);
  if ("problems" in settings) {
    context.stderr.write(`${settings.problems.join("\n")}\n`);
    return ExitCode.Unusable;
  }
  const log = createLog({ level: settings["log-level"] as "info" });
  try {
    return await run(settings, log, context);
  } finally {
    log.flush();
  }
}

async function run(settings: ClamavSettings, log: Log, context: CliContext): Promise<ExitCode> {
  const { signals, stderr } = context;
  // From here on, so that a signal during the start is not lost.
  const firstSignal = nextSignal(signals);
  let scanner: RunningScanner;
  try {
    const { startClamavScanner } = await context.scannerServer();
    scanner = await startClamavScanner({
      ...settings.listen,
      clamds: settings.clamd,
      connectTimeoutMs: settings["connect-timeout"],
      probeIntervalMs: settings["probe-interval"],
      ownEpoch: settings.epoch || undefined,
      maxBytes: settings["max-bytes"],
      maxConcurrentScans: settings.concurrency,
      scanTimeoutMs: settings["scan-timeout"],
      drainDelayMs: settings["drain-delay"],
      drainTimeoutMs: settings["drain-timeout"],
      logger: log.logger,
    });
  } catch (error) {
    const { text, exitCode } = startFailure(error);
    stderr.write(`${text}\n`);
    return exitCode;
  }
  stderr.write(`${banner(scanner)}\n`);
  log.logger.info("serving", { version, ...scanner.address, epoch: scanner.epoch });
  const signal = await firstSignal;
  log.logger.info("draining", { signal });
  const drained = scanner.drain().then(() => ExitCode.Ok);
  const cutShort = nextSignal(signals).then(() => ExitCode.Failed);
  const exitCode = await Promise.race([drained, cutShort]);
  if (exitCode === ExitCode.Failed) scanner.abort();
  await drained;
  return exitCode;
}

function banner({ address: { host, port }, epoch, notReady }: RunningScanner): string {
  const authority = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const state = notReady === undefined ? epoch : `not ready yet: ${notReady}`;
  return `Sluice ${version} scanner clamav is serving http://${authority}/v1/scan (${state})`;
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

import { once } from "node:events";
import { formatProblems, ignoredSettings, loadSettings, type Settings } from "../config/index.ts";
import { createLog, type Log } from "../telemetry/index.ts";
import { bannerText } from "./banner.ts";
import type { CliContext, RunningApp } from "./cli-context.ts";
import { ExitCode } from "./exit-code.ts";
import { startFailure } from "./start-failure.ts";
import { version } from "./version.ts";

/** Serves until a signal, then drains; a second signal ends at once. */
export async function serve(flags: readonly string[], context: CliContext): Promise<ExitCode> {
  const loaded = loadSettings(context.sourcesFor(flags));
  if (!loaded.ok) {
    context.stderr.write(`${formatProblems(loaded.problems)}\n`);
    return ExitCode.Unusable;
  }
  const { level } = loaded.settings.log;
  const isOneOfSeveral = loaded.settings.workers !== 1;
  const log = createLog({ level, base: isOneOfSeveral ? { pid: process.pid } : {} });
  try {
    const ignored = ignoredSettings(loaded.settings, loaded.effective);
    return await run(loaded.settings, { log, context, ignored });
  } finally {
    log.flush();
  }
}

interface Circumstances extends Surroundings {
  readonly ignored: ReturnType<typeof ignoredSettings>;
}

async function run(
  settings: Settings,
  { log, context, ignored }: Circumstances,
): Promise<ExitCode> {
  const { signals, startApp, stderr, programName } = context;
  // From here on, so that a signal during the start is not lost.
  const firstSignal = nextSignal(signals);
  const crash = once(signals, "uncaughtException").then(([err]) => ({ err }));
  let app: RunningApp | undefined;
  // Heard during the start too: unheard, it ends the process.
  signals.on("SIGHUP", () => app?.reload());
  try {
    app = await Promise.race([startApp(settings, { log, version }), crash.then(rethrow)]);
  } catch (error) {
    const { text, exitCode } = startFailure(error);
    if (text !== "") stderr.write(`${text}\n`);
    log.logger.debug("start failed", { err: error });
    return exitCode;
  }
  // A worker's primary speaks for it.
  if (app.facts.worker !== true) {
    log.logger.info("serving", { version, ...app.facts });
    for (const { path, origin } of ignored) {
      log.logger.warn("setting ignored: resource files describe the services", { path, origin });
    }
    if (settings.log.banner) stderr.write(bannerText(app.facts, { version, programName }));
  }
  const end = await Promise.race([firstSignal, crash]);
  if (typeof end === "object") return crashed(end.err, app, { log, context });
  log.logger.info("draining", { signal: end });
  return await drain(app, { log, context, crash });
}

interface Surroundings {
  readonly log: Log;
  readonly context: CliContext;
}

async function drain(
  app: RunningApp,
  { log, context, crash }: Surroundings & { readonly crash: Promise<{ readonly err: unknown }> },
): Promise<ExitCode> {
  const drained = app.drain().then(() => "drained" as const);
  const end = await Promise.race([drained, nextSignal(context.signals), crash]);
  if (typeof end === "object") return crashed(end.err, app, { log, context });
  if (end === "drained") {
    log.logger.info("drained");
    return ExitCode.Ok;
  }
  log.logger.warn("aborted", { signal: end });
  app.abort();
  await drained;
  return ExitCode.Failed;
}

function rethrow({ err }: { readonly err: unknown }): never {
  throw err;
}

/** A fault of ours: nothing in the process can be relied on any more. */
function crashed(err: unknown, app: RunningApp, { log, context }: Surroundings): ExitCode {
  log.logger.error("crashed", { err });
  context.stderr.write(`sluice crashed: ${err instanceof Error ? err.message : String(err)}\n`);
  app.abort();
  return ExitCode.Failed;
}

type Signal = "SIGTERM" | "SIGINT";

/** The next of the signals that end the process. */
function nextSignal(signals: CliContext["signals"]): Promise<Signal> {
  return new Promise((resolve) => {
    const hear = (signal: Signal): void => {
      signals.off("SIGTERM", hear);
      signals.off("SIGINT", hear);
      resolve(signal);
    };
    signals.on("SIGTERM", hear);
    signals.on("SIGINT", hear);
  });
}

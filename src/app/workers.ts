import type { Settings } from "../config/index.ts";
import type { SourceFile } from "../resources/index.ts";
import { compiledTable, loadResourceFiles } from "../runtime/index.ts";
import { WorkerProcesses, workerProcess } from "../server/index.ts";
import {
  MetricsRegistry,
  type MetricsSnapshot,
  metricsText,
  PrometheusServerMetrics,
  retained,
} from "../telemetry/index.ts";
import { startAdmin } from "./admin.ts";
import { FleetCacheOperator } from "./fleet-operator.ts";
import { CAPABILITIES } from "./options.ts";
import type { App, AppFacts, AppPorts, StartError } from "./port.ts";
import { startServer } from "./server.ts";

/** One of several worker processes: a server whose primary speaks for it. */
export async function startWorker(settings: Settings, ports: AppPorts): Promise<App> {
  try {
    // The admin port is the primary's.
    const app = await startServer(
      { ...settings, admin: { ...settings.admin, address: undefined, tokenFile: undefined } },
      ports,
      {
        keep: (files) => workerProcess.bequeath(files),
        recall: async () => (await workerProcess.inherit()) as readonly SourceFile[] | undefined,
      },
    );
    workerProcess.ready(app.facts, {
      drain: () => app.drain(),
      abort: () => app.abort(),
      reload: () => app.reload(),
      report: () => app.metrics(),
      answer: (question) => app.answer(question),
    });
    return {
      ...app,
      get facts() {
        return { ...app.facts, worker: true };
      },
    };
  } catch (cause) {
    workerProcess.failed(cause);
    throw new WorkerStartError("this worker cannot start", { cause });
  }
}

class WorkerStartError extends Error implements StartError {
  readonly isToldByPrimary = true;
}

/** The primary: looks after workers, answers for them on the admin port. */
export async function startPrimary(
  settings: Settings,
  ports: AppPorts,
  count: number,
): Promise<App> {
  // Once and here, rather than by every worker.
  const { files } = settings.resources;
  if (files.length > 0) compiledTable(await loadResourceFiles(files), CAPABILITIES);
  const { log, version, droppedLogLines } = ports;
  const { logger } = log;
  const registry = new MetricsRegistry({ processMetrics: false });
  const metrics = new PrometheusServerMetrics(registry, {
    now: Date.now,
    version,
    droppedLogLines,
  });
  // What dead workers had counted stays counted: a sum that falls looks like a restart of all.
  const lost: MetricsSnapshot[] = [];
  const operator = new FleetCacheOperator((question) => workers.ask(question));
  const workers = new WorkerProcesses({
    count,
    logger,
    greeting: () => operator.greeting,
    onRestart: (lastReport) => {
      metrics.workerRestarted("process");
      if (lastReport !== undefined) lost.push(retained(lastReport as MetricsSnapshot));
    },
  });
  const facts = (await workers.start()) as AppFacts;
  let draining = false;
  const snapshots = async (): Promise<MetricsSnapshot[]> => [
    await registry.snapshot(),
    ...lost,
    ...((await workers.reports()) as MetricsSnapshot[]),
  ];
  const adminServer = await startAdmin(settings, {
    logger,
    registry,
    operator,
    draining: () => draining,
    metrics: async () => metricsText(await snapshots()),
  });
  return {
    facts: { ...facts, admin: adminServer?.address },
    drain: async () => {
      draining = true;
      await workers.drain();
      await adminServer?.stop();
    },
    abort: () => workers.abort(),
    reload: () => workers.reload(),
    metrics: () => registry.snapshot(),
  };
}

/**
 * The composition root: settings become the options of each part; parts are started, drained and
 * stopped in order. The only place that sees all folders, and nobody but the command line sees it.
 *
 * @module
 */
import { availableParallelism } from "node:os";
import type { Settings } from "../config/index.ts";
import { isWorkerProcess } from "../server/index.ts";
import type { App, AppPorts } from "./port.ts";
import { startServer } from "./server.ts";
import { startPrimary, startWorker } from "./workers.ts";

export type { App, AppFacts, AppPorts, StartError } from "./port.ts";
export type {
  ConversionOptions,
  ConvertedConfiguration,
  ResourceCheck,
  ResourceTools,
  RoutingTable,
} from "./resources.ts";
export type { ScannerTools } from "./scanner-tools.ts";
export type {
  RunningScanner,
  ScannerServer,
  ScanServerOptions,
} from "./scanners/scanner-server.ts";

/**
 * Starts Sluice: in this process, or with `settings.workers` above 1 in worker processes that this one
 * looks after. When a part fails, those before it are stopped again and it rejects.
 */
export function startApp(settings: Settings, ports: AppPorts): Promise<App> {
  if (isWorkerProcess()) return startWorker(settings, ports);
  const count = settings.workers === "auto" ? availableParallelism() : settings.workers;
  return count > 1 ? startPrimary(settings, ports, count) : startServer(settings, ports);
}

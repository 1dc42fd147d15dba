import { availableParallelism } from "node:os";
import type { App, AppPorts } from "./app-port.ts";
import { startServer } from "./app-server.ts";
import { startPrimary, startWorker } from "./app-workers.ts";
import type { Settings } from "./config/index.ts";
import { isWorkerProcess } from "./server/index.ts";

export type { App, AppFacts, AppPorts, StartError } from "./app-port.ts";
export type {
  ConversionOptions,
  ConvertedConfiguration,
  ResourceCheck,
  ResourceTools,
  RoutingTable,
} from "./app-resources.ts";
export type { ClamavScannerOptions, RunningScanner, ScannerServer } from "./app-scanner-server.ts";
export type { ScannerTools } from "./app-scanner-tools.ts";

/**
 * Starts Sluice: in this process, or with `settings.workers` above 1 in worker processes that this one
 * looks after. When a part fails, those before it are stopped again and it rejects.
 */
export function startApp(settings: Settings, ports: AppPorts): Promise<App> {
  if (isWorkerProcess()) return startWorker(settings, ports);
  const count = settings.workers === "auto" ? availableParallelism() : settings.workers;
  return count > 1 ? startPrimary(settings, ports, count) : startServer(settings, ports);
}

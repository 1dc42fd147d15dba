import type { ScanEngine } from "../../scanners/index.ts";
import type { Logger } from "../../telemetry/index.ts";
import { type ClamavScannerOptions, clamavEngine } from "./clamav.ts";
import { type ExecScannerOptions, execEngine } from "./exec.ts";
import { type RunningScanner, type ScanServerOptions, serveEngine } from "./running-scanner.ts";

export type { ClamavScannerOptions } from "./clamav.ts";
export type { ExecScannerOptions } from "./exec.ts";
export type { RunningScanner, ScanServerOptions } from "./running-scanner.ts";

/** Starts one shipped scanner. Rejects with a `StartError`, or with the error of `listen`. */
export type StartScanner<Options> = (
  options: Options,
  server: ScanServerOptions,
) => Promise<RunningScanner>;

/** Starts shipped scanners, by the name of their command. */
export interface ScannerServer {
  readonly clamav: StartScanner<ClamavScannerOptions>;
  readonly exec: StartScanner<ExecScannerOptions>;
}

export const scannerServer: ScannerServer = {
  clamav: served(clamavEngine),
  exec: served(execEngine),
};

function served<Options>(
  makeEngine: (options: Options, logger: Logger) => Promise<ScanEngine>,
): StartScanner<Options> {
  return async (options, server) => serveEngine(await makeEngine(options, server.logger), server);
}

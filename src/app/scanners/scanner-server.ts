import type { ScanEngine } from "../../scanners/index.ts";
import { type ClamavScannerOptions, clamavEngine } from "./clamav.ts";
import { type ExecScannerOptions, execEngine } from "./exec.ts";
import { type HttpScannerOptions, httpEngine } from "./http.ts";
import { type ListScannerOptions, listEngine } from "./list.ts";
import { type RunningScanner, type ScanServerOptions, serveEngine } from "./running-scanner.ts";
import { type SqlScannerOptions, sqlEngine } from "./sql.ts";
import { type YaraScannerOptions, yaraEngine } from "./yara.ts";

export type { ClamavScannerOptions } from "./clamav.ts";
export type { ExecScannerOptions } from "./exec.ts";
export type { HttpScannerOptions } from "./http.ts";
export type { ListScannerOptions } from "./list.ts";
export type { RunningScanner, ScanServerOptions } from "./running-scanner.ts";
export type { SqlScannerOptions } from "./sql.ts";
export type { YaraScannerOptions } from "./yara.ts";

/** Starts one shipped scanner. Rejects with a `StartError`, or with the error of `listen`. */
export type StartScanner<Options> = (
  options: Options,
  server: ScanServerOptions,
) => Promise<RunningScanner>;

/** Starts shipped scanners, by the name of their command. */
export interface ScannerServer {
  readonly clamav: StartScanner<ClamavScannerOptions>;
  readonly exec: StartScanner<ExecScannerOptions>;
  readonly http: StartScanner<HttpScannerOptions>;
  readonly list: StartScanner<ListScannerOptions>;
  readonly sql: StartScanner<SqlScannerOptions>;
  readonly yara: StartScanner<YaraScannerOptions>;
}

export const scannerServer: ScannerServer = {
  clamav: served(clamavEngine),
  exec: served(execEngine),
  http: served(httpEngine),
  list: served(listEngine),
  sql: served(sqlEngine),
  yara: served(yaraEngine),
};

function served<Options>(
  makeEngine: (options: Options, server: ScanServerOptions) => Promise<ScanEngine>,
): StartScanner<Options> {
  return async (options, server) => serveEngine(await makeEngine(options, server), server);
}

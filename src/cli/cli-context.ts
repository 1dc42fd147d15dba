import type { EventEmitter } from "node:events";
import type { App, ResourceTools, ScannerServer, ScannerTools } from "../app/index.ts";
import type { Settings, SettingsSources } from "../config/index.ts";
import type { Log } from "../telemetry/index.ts";

/** Where text goes. */
export interface Output {
  write(text: string): unknown;
}

/** A started Sluice, as the command line sees it. */
export type RunningApp = Pick<App, "facts" | "drain" | "abort" | "reload">;

/** Starts Sluice; rejects when it cannot, with the error of `listen` where that is the reason. */
export type StartApp = (
  settings: Settings,
  ports: { readonly log: Log; readonly version: string },
) => Promise<RunningApp>;

/** All that the command line touches of its process, so that a test can stand in for it. */
export interface CliContext {
  /** Arguments without node and script. */
  readonly argv: readonly string[];
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly stdout: Output;
  readonly stderr: Output;
  /** How the person called the program, for commands to copy: `sluice`, `npm run -s sluice --`. */
  readonly programName: string;
  readonly sourcesFor: (flags: readonly string[]) => SettingsSources;
  /** Emits `SIGTERM`, `SIGINT`, `SIGHUP` and `uncaughtException`. */
  readonly signals: EventEmitter;
  readonly startApp: StartApp;
  /** What most commands have no need of, and so loaded when it is asked for. */
  readonly resourceTools: () => Promise<ResourceTools>;
  readonly scannerServer: () => Promise<ScannerServer>;
  readonly scannerTools: () => Promise<ScannerTools>;
}

import type { RunningScanner, ScannerServer, ScanServerOptions } from "../../app/index.ts";
import type { ScannerSetting, SettingValues } from "./scanner-setting.ts";

/** One command of `sluice scanner`: what is its own, beside what every one has. */
export interface ShippedScanner {
  readonly name: string;
  /** Completes `Serve scan/v1 …`. */
  readonly summary: string;
  /** Their names differ from those of `serverSettings`. */
  readonly settings: readonly ScannerSetting[];
  /** Rejects with a `StartError`, or with the error of `listen`. */
  readonly start: (
    scanners: ScannerServer,
    settings: Readonly<Record<string, unknown>>,
    server: ScanServerOptions,
  ) => Promise<RunningScanner>;
}

/** Gives `start` the types of the settings. */
export function shippedScanner<const Settings extends readonly ScannerSetting[]>(
  scanner: Pick<ShippedScanner, "name" | "summary"> & {
    readonly settings: Settings;
    readonly start: (
      scanners: ScannerServer,
      settings: SettingValues<Settings>,
      server: ScanServerOptions,
    ) => Promise<RunningScanner>;
  },
): ShippedScanner {
  const { start } = scanner;
  return {
    ...scanner,
    // Read by `readScannerSettings` from the very settings that the types are made of.
    start: (scanners, settings, server) =>
      start(scanners, settings as SettingValues<Settings>, server),
  };
}

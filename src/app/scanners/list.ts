import { processSources } from "../../config/index.ts";
import {
  createListEngine,
  readListSettings,
  type ScanEngine,
  type SimpleLists,
  simpleListSettings,
} from "../../scanners/index.ts";
import type { ScanServerOptions } from "./running-scanner.ts";
import { refuse, startProblem } from "./start-problem.ts";

/** What `sluice scanner list` has beside its server. */
export interface ListScannerOptions extends SimpleLists {
  /** In place of the simple lists. */
  readonly configFile: string | undefined;
}

/** Rejects with a `StartError`. */
export async function listEngine(
  { configFile, ...simple }: ListScannerOptions,
  { logger }: ScanServerOptions,
): Promise<ScanEngine> {
  const isSimple = Object.values(simple).some((paths: readonly string[]) => paths.length > 0);
  if (isSimple === (configFile !== undefined)) {
    return refuse(["give either --config or lists, such as --domains and --hashes"]);
  }
  try {
    const settings = await (configFile === undefined
      ? simpleListSettings(simple)
      : readListSettings(configFile));
    return await createListEngine({ settings, env: processSources([]).env, logger });
  } catch (error) {
    if (error instanceof Error && "problems" in error) throw error;
    return refuse([startProblem(error)], error);
  }
}

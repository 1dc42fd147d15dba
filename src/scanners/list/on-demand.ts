import type { ScanEngine } from "../serve/scan-engine.ts";
import type { ListEngineOptions } from "./list-scan-engine.ts";
import type { ListSettings, SimpleLists } from "./list-settings.ts";

/** As `readListSettings` of list-settings.ts; loads its modules only now. */
export async function readListSettings(file: string): Promise<ListSettings> {
  const settings = await import("./list-settings.ts");
  return await settings.readListSettings(file);
}

/** As `simpleListSettings` of list-settings.ts; loads its modules only now. */
export async function simpleListSettings(simple: SimpleLists): Promise<ListSettings> {
  const settings = await import("./list-settings.ts");
  return settings.simpleListSettings(simple);
}

/** As `createListEngine` of list-scan-engine.ts; loads its modules only now: servers have no use for them. */
export async function createListEngine(options: ListEngineOptions): Promise<ScanEngine> {
  const engine = await import("./list-scan-engine.ts");
  return await engine.createListEngine(options);
}

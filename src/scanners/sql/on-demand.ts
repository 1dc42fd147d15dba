import type { ScanEngine } from "../serve/scan-engine.ts";
import type { SqlEngineOptions } from "./sql-engine.ts";
import type { SqlSettings } from "./sql-settings.ts";

/** As `readSqlSettings` of sql-settings.ts; loads its modules only now. */
export async function readSqlSettings(file: string): Promise<SqlSettings> {
  const settings = await import("./sql-settings.ts");
  return await settings.readSqlSettings(file);
}

/** As `createSqlEngine` of sql-engine.ts; loads its modules only now: servers have no use for them. */
export async function createSqlEngine(options: SqlEngineOptions): Promise<ScanEngine> {
  const engine = await import("./sql-engine.ts");
  return await engine.createSqlEngine(options);
}

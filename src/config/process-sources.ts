import { readFileSync } from "node:fs";
import type { SettingsSources } from "./load.ts";

/** The sources of this process: its environment and file system, with the given flags. */
export function processSources(argv: readonly string[]): SettingsSources {
  return { argv, env: process.env, readFile: (path) => readFileSync(path, "utf8") };
}

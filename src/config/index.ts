/**
 * Config: the settings of the process, from flags, variables, a file and defaults, checked at once
 * against one catalogue. It must not know what the settings are used for: `src/app` maps them
 * to the options of each part. The only folder that reads `process.env`.
 *
 * @module
 */
export { ignoredSettings } from "./builtin-only.ts";
export { type SettingEntry, settingEntries } from "./entries.ts";
export {
  type EffectiveSetting,
  type LoadedSettings,
  loadSettings,
  type SettingsSources,
} from "./load.ts";
export { formatProblems, type Problem } from "./problem.ts";
export { processSources } from "./process-sources.ts";
export { formatDuration, formatSize, parseDuration, parseSize } from "./quantity.ts";
export { type SecretRef, secretFromEnvironment, secretVariable } from "./secret-variables.ts";
export type { Action, ListenAddress, Settings, WorkerCount } from "./settings.ts";
export { defaultSettingsFile, effectiveSettingsFile } from "./settings-file.ts";

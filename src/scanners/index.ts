/**
 * The scanners that come with Sluice: the embedded one, which scans in threads of this process, the
 * hash list, and those that are servers of their own and answer scan/v1 over HTTP.
 *
 * Must not know: ICAP, services, policy, or the configuration. All parsing of hostile formats is in
 * threads that this folder starts, or in the program it asks; nothing of it runs on the caller's
 * event loop.
 *
 * @module
 */
export { ARCHIVE_LIMITS, type ArchiveLimits } from "./archive/limits.ts";
export { createClamavEngine } from "./clamav/clamav-engine.ts";
export { parseClamdAddress } from "./clamav/clamd-address.ts";
export { createEmbeddedScanner, type EmbeddedScannerOptions } from "./embedded/embedded-scanner.ts";
export type { EmbeddedScanner, EmbeddedScannerDescription } from "./embedded/pooled-scanner.ts";
export { readExecConfig } from "./exec/exec-config.ts";
export { createExecEngine } from "./exec/exec-engine.ts";
export type { HashListFileOptions } from "./list/hashes/hash-list-file.ts";
export { createListScanner } from "./list/list-scanner.ts";
export type { SimpleLists } from "./list/list-settings.ts";
export { createListEngine, readListSettings, simpleListSettings } from "./list/on-demand.ts";
export type { ScanEngine } from "./serve/scan-engine.ts";
export { ScanServer } from "./serve/scan-server.ts";
export { createScannerEngine } from "./serve/scanner-engine.ts";
export type { AccessFiles } from "./serve/server-access.ts";
export { createSqlEngine, readSqlSettings } from "./sql/on-demand.ts";
export { createYaraService } from "./yara/yara-service.ts";

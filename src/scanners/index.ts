/**
 * The scanners that come with Sluice: the embedded one, which scans in threads of this process, and
 * the hash list.
 *
 * Must not know: ICAP, services, policy, or the configuration. All parsing of hostile formats is in
 * threads that this folder starts; nothing of it runs on the caller's event loop.
 *
 * @module
 */
export { ARCHIVE_LIMITS, type ArchiveLimits } from "./archive/limits.ts";
export { createEmbeddedScanner, type EmbeddedScannerOptions } from "./embedded/embedded-scanner.ts";
export type { EmbeddedScanner, EmbeddedScannerDescription } from "./embedded/pooled-scanner.ts";
export type { HashListFileOptions } from "./list/hash-list-file.ts";
export { createListScanner } from "./list/list-scanner.ts";

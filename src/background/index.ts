/**
 * Scans that go on behind their answers (`mode: Background`): admitted within bounds, followed to their
 * end by this pod or, through Redis, by another one, and told of when their verdict comes.
 *
 * Must not know: ICAP, services and their policy, where it is told (webhooks, logs), settings.
 *
 * @module
 */
export { BackgroundScanner } from "./background-scanner.ts";
export { BackgroundScans, type BackgroundScansOptions } from "./background-scans.ts";
export { type LateVerdict, wasDelivered } from "./late-verdict.ts";
export type { Recipient } from "./recipient.ts";
export { RedisLedger } from "./redis-ledger.ts";

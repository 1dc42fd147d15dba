/**
 * Verdicts remembered, by decoration of a `Scanner`: the same bytes are judged once by the same
 * scanner with the same signatures, in this process or, through Redis, on all pods. And the connection
 * to Redis, for whoever shares state between pods.
 *
 * Must not know: ICAP, services and their policy, resources, the settings of the process. It holds
 * nothing up and decides nothing: what it does not know, a scanner is asked.
 *
 * @module
 */
export { verdictKey } from "./cache-key.ts";
export type { Override, OverrideInput } from "./overrides/override.ts";
export {
  type OverrideChange,
  OverrideRefusal,
  OverrideRefusedError,
  Overrides,
} from "./overrides/overrides.ts";
export type { RedisConnection } from "./redis/redis-connection.ts";
export { runScript, script } from "./redis/scripts.ts";
export { ScanCache } from "./scan-cache.ts";
export type { ValueSeal } from "./value-seal.ts";

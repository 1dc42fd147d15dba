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
export { ScanCache } from "./scan-cache.ts";

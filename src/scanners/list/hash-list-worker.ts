/**
 * Entry of the short-lived thread that reads a hash list: a million lines take seconds, which the
 * event loop of the server does not have.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { parseHashList } from "./hash-list.ts";

try {
  const { path } = workerData as { path: string };
  parentPort?.postMessage({ data: parseHashList(readFileSync(path, "utf8")) });
} catch (error) {
  parentPort?.postMessage({ problem: error instanceof Error ? error.message : String(error) });
}

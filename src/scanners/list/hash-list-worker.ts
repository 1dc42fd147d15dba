/**
 * Entry of the thread that reads the hash list of the embedded scanner.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { parseHashList } from "./hashes/hash-list.ts";
import { answerOf } from "./list-thread.ts";

const { path } = workerData as { path: string };
parentPort?.postMessage(answerOf(() => parseHashList(readFileSync(path, "utf8"))));

/**
 * Entry of the thread that reads a list of `sluice scanner list`.
 *
 * @module
 */
import { parentPort, workerData } from "node:worker_threads";
import { type DigestListSource, readDigestList } from "./hashes/digest-list.ts";
import { answerOf } from "./list-thread.ts";
import { type NameListSource, readNameList } from "./names/name-list.ts";

/** What the thread is started with. */
export type ListSource =
  | { readonly kind: "names"; readonly names: NameListSource }
  | { readonly kind: "hashes"; readonly hashes: DigestListSource };

const source = workerData as ListSource;
if (source.kind === "hashes") {
  parentPort?.postMessage(answerOf(() => readDigestList(source.hashes)));
} else {
  const answer = answerOf(() => readNameList(source.names));
  // Moved, not copied: there is no moment with the table twice in memory.
  const moved = "data" in answer ? [answer.data.table.entries, answer.data.table.starts] : [];
  parentPort?.postMessage(answer, moved);
}

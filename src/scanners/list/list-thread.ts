import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { workerEntry } from "../content/worker-entry.ts";

/** What a thread that reads a list answers. */
export type ThreadAnswer<Data> = { readonly data: Data } | { readonly problem: string };

/**
 * Reads a list in a thread that lives no longer than that: a million lines take seconds, which the
 * event loop has not. Rejects with what the thread says is wrong.
 */
export async function readInThread<Data>(module: string, source: object): Promise<Data> {
  const worker = new Worker(workerEntry(import.meta.url, module), { workerData: source });
  try {
    const [answer] = (await once(worker, "message")) as [ThreadAnswer<Data>];
    if ("problem" in answer) throw new Error(answer.problem);
    return answer.data;
  } finally {
    await worker.terminate();
  }
}

/** In the thread: the answer, or why there is none. */
export function answerOf<Data>(read: () => Data): ThreadAnswer<Data> {
  try {
    return { data: read() };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

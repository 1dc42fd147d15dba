/**
 * Entry of a scan thread: compiles the rules, says what it can do, then judges one entity after the
 * other. All hostile formats are parsed here, away from the event loop that serves clients.
 *
 * @module
 */
import { parentPort, workerData } from "node:worker_threads";
import { errorVerdict, type Verdict, VerdictReason } from "../../scanning/index.ts";
import { isThreadBloated } from "../archive/libarchive.ts";
import { type ByteSource, MemorySource, openSource } from "../content/byte-source.ts";
import { Specimen } from "../content/specimen.ts";
import { HashList } from "../list/hashes/hash-list.ts";
import { ListEngine } from "../list/list-engine.ts";
import { type Engines, makeEngines } from "./engines.ts";
import { Inspection } from "./inspection.ts";
import type { FromThread, JobContent, ScanJob, ThreadOptions, ToThread } from "./scan-job.ts";

const options = workerData as ThreadOptions;
const inbox = Buffer.from(options.inbox);
const cancelled = new Int32Array(options.cancelled);

function say(message: FromThread): void {
  parentPort?.postMessage(message);
}

function start(): Engines | undefined {
  try {
    return makeEngines(options);
  } catch (error) {
    say({ kind: "unfit", message: messageOf(error) });
    return undefined;
  }
}

function serve(engines: Engines["engines"]): void {
  let list = options.hashList === undefined ? [] : [new ListEngine(new HashList(options.hashList))];
  parentPort?.on("message", (message: ToThread) => {
    if (message.kind === "hash-list") list = [new ListEngine(new HashList(message.data))];
    else
      void judge(message, [...list, ...engines]).then((verdict) =>
        say({ kind: "verdict", verdict, isBloated: isThreadBloated() }),
      );
  });
}

async function judge(job: ScanJob, engines: Engines["engines"]): Promise<Verdict> {
  try {
    const specimen = new Specimen(sourceOf(job.content), job);
    return await new Inspection({
      engines,
      limits: options.limits,
      store: { directory: options.directory, memoryBytes: options.memberMemoryBytes },
      isCancelled: () => Atomics.load(cancelled, 0) !== 0,
    }).judge(specimen);
  } catch (error) {
    return errorVerdict(VerdictReason.EngineError, messageOf(error));
  }
}

function sourceOf(content: JobContent): ByteSource {
  if (content.kind === "inbox") return new MemorySource(inbox.subarray(0, content.length));
  if (content.kind === "file") return openSource(content);
  const { buffer, byteOffset, length } = content.bytes;
  return new MemorySource(Buffer.from(buffer, byteOffset, length));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const ready = start();
if (ready !== undefined) {
  serve(ready.engines);
  say({ kind: "ready", report: ready.report });
}

import { once } from "node:events";
import {
  AppendResult,
  detectType,
  type Entity,
  type Spool,
  SpoolFailureKind,
} from "../../entity/index.ts";
import type { ScanSubject } from "../serve/scan-engine.ts";
import { ScanProblem } from "../serve/scan-problem.ts";

const RETRY_AFTER_SECONDS = 1;

/** Keeps the body of a request in a spool, and makes an entity of it with what its fields say. */
export async function keptEntity(subject: ScanSubject, spool: Spool): Promise<Entity> {
  for await (const chunk of subject.body) {
    const result = spool.append(chunk, 0, chunk.length);
    if (result === AppendResult.Refused) throw problemOf(spool.failure?.kind);
    if (result === AppendResult.Pause) await drained(spool, subject.signal);
  }
  const finished = await spool.finish();
  if (!finished.ok) throw problemOf(finished.failure.kind);
  const { content, size, sha256, head } = finished.body;
  const { fileName, declaredType, detectedType = detectType(head) } = subject.facts;
  return { content, size, sha256, fileName, declaredType, detectedType };
}

async function drained(spool: Spool, signal: AbortSignal): Promise<void> {
  const given = new AbortController();
  const aborted = once(signal, "abort", { signal: given.signal });
  aborted.catch(() => {});
  await Promise.race([
    new Promise<void>((resolve) => {
      spool.onDrain = resolve;
    }),
    aborted,
  ]);
  given.abort();
  signal.throwIfAborted();
}

function problemOf(kind: SpoolFailureKind | undefined): ScanProblem {
  return kind === SpoolFailureKind.Oversize
    ? new ScanProblem(413, "more than this scanner takes")
    : new ScanProblem(503, "no room to keep the body", { retryAfterSeconds: RETRY_AFTER_SECONDS });
}

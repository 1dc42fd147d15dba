import type { FinishResult, Spool } from "../entity/index.ts";
import type { ReceivedBody } from "../services/index.ts";

/** The body that a spool has kept, once all of it was given to it; a promise where it is in a file. */
export function receivedBody(spool: Spool): ReceivedBody | Promise<ReceivedBody> {
  const body = spool.finishInMemory();
  return body === undefined ? spool.finish().then(outOfFile) : { kind: "complete", body };
}

function outOfFile(result: FinishResult): ReceivedBody {
  return result.ok
    ? { kind: "complete", body: result.body }
    : { kind: "failed", failure: result.failure };
}

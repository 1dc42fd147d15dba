import type { FinishResult, Spool } from "../entity/index.ts";
import type { ReceivedBody } from "../services/index.ts";

/** The body that a spool has kept, once all of it was given to it; a promise where it is in a file. */
export function receivedBody(spool: Spool): ReceivedBody | Promise<ReceivedBody> {
  const body = spool.finishInMemory();
  const retain = (): (() => void) => spool.retain();
  return body === undefined
    ? spool.finish().then((result) => outOfFile(result, retain))
    : { kind: "complete", body, retain };
}

function outOfFile(result: FinishResult, retain: () => () => void): ReceivedBody {
  return result.ok
    ? { kind: "complete", body: result.body, retain }
    : { kind: "failed", failure: result.failure };
}

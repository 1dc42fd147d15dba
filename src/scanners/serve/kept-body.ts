import { AppendResult, type KeptBody, type Spool } from "../../entity/index.ts";
import type { ScanSubject } from "./scan-engine.ts";
import { ScanProblem } from "./scan-problem.ts";

const RETRY_AFTER_SECONDS = 1;

/** Keeps all of a request's body, for engines that look at whole entities; the spool stays the caller's. */
export async function keptBody({ body, pieces }: ScanSubject, spool: Spool): Promise<KeptBody> {
  for await (const piece of pieces ?? body) {
    const result = spool.append(piece, 0, piece.length);
    if (result === AppendResult.Refused) throw refusalOf(spool);
    if (result === AppendResult.Pause) await drained(spool);
  }
  const finished = await spool.finish();
  if (!finished.ok) throw refusalOf(spool);
  return finished.body;
}

function drained(spool: Spool): Promise<void> {
  return new Promise((resolve) => {
    spool.onDrain = resolve;
  });
}

function refusalOf({ failure }: Spool): ScanProblem {
  return failure?.kind === "oversize"
    ? new ScanProblem(413, "the body is larger than the scanner takes")
    : new ScanProblem(503, "there is no room for the body", {
        retryAfterSeconds: RETRY_AFTER_SECONDS,
        cause: failure?.cause,
      });
}

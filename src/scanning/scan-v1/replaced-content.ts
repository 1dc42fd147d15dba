import { AppendResult, type Spool, type SpoolStore } from "../../entity/index.ts";
import type { Replacement } from "../verdict.ts";
import type { Unreadable } from "./verdict-document.ts";

/** Where the content that scanners make is kept. */
export interface ContentKeeper {
  readonly spools: SpoolStore;
  /** Content above this is none. */
  readonly maxBytes: number;
}

/**
 * Keeps the content of an answer, as fast as the spool takes it. Rejects, with nothing kept, when the
 * content ends before its time.
 */
export async function keepContent(
  pieces: AsyncIterable<Buffer>,
  { spools, maxBytes }: ContentKeeper,
  mediaType: string | undefined,
): Promise<Replacement | Unreadable> {
  const spool = spools.create(maxBytes);
  try {
    const kept = await fill(spool, pieces);
    const finished = kept ? await spool.finish() : undefined;
    if (finished?.ok) {
      const dispose = (): void => spool.dispose();
      return { body: finished.body, ...(mediaType !== undefined && { mediaType }), dispose };
    }
    spool.dispose();
    return { unreadable: `the replaced content could not be kept: ${spool.failure?.kind}` };
  } catch (error) {
    spool.dispose();
    throw error;
  }
}

/** False when the spool refuses more; leaving the loop ends the connection. */
async function fill(spool: Spool, pieces: AsyncIterable<Buffer>): Promise<boolean> {
  for await (const piece of pieces) {
    const result = spool.append(piece, 0, piece.length);
    if (result === AppendResult.Refused) return false;
    if (result === AppendResult.Pause) await drained(spool);
  }
  return true;
}

function drained(spool: Spool): Promise<void> {
  return new Promise((resolve) => {
    spool.onDrain = resolve;
  });
}

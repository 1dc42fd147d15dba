import type { ChunkWriter } from "./chunk-writer.ts";
import type { ClientLink } from "./client-link.ts";

/**
 * Sends pieces of a body as fast as the client takes them: at most one piece waits in memory. Resolves
 * when all are handed over, or the client is gone: then the pieces are not asked for any further, so
 * that the file they come from is closed.
 *
 * @param skip bytes to leave out at the beginning
 */
export async function pump(
  pieces: AsyncIterable<Buffer> | Iterable<Buffer>,
  writer: ChunkWriter,
  link: ClientLink,
  skip = 0,
): Promise<void> {
  let toSkip = skip;
  for await (const piece of pieces) {
    const start = Math.min(toSkip, piece.length);
    toSkip -= start;
    writer.add(piece, start, piece.length);
    writer.flush();
    if (link.clogged) await unclogged(link);
    if (link.gone) return;
  }
}

function unclogged(link: ClientLink): Promise<void> {
  return new Promise((resolve) => link.onceUnclogged(resolve));
}

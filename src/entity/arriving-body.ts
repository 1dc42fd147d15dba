import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";

const READ_BYTES = 64 * 1024;

/** A body of which the beginning is here and the rest is still to come. */
export interface ArrivingBody {
  /** The first bytes, at most `HEAD_BYTES`, of those that were there when it was asked for. */
  readonly head: Buffer;
  /**
   * The bytes from the first to the last, each as soon as it is kept; every reader at a pace of its
   * own, who holds up nobody. Pieces are views that stay as they are. Ends with the body; rejects when
   * the body ends before its time, cannot be kept, or is given up.
   */
  read(): AsyncGenerator<Buffer, void, undefined>;
  /** As `Spool.retain`: for as long as somebody reads. */
  retain(): () => void;
}

/** What there is to read behind a position. */
export type Arrived =
  | { readonly kind: "memory"; readonly bytes: Buffer }
  /** Of the file, up to `end`. */
  | { readonly kind: "file"; readonly path: string; readonly end: number }
  | { readonly kind: "nothing" }
  | { readonly kind: "end" }
  | { readonly kind: "broken"; readonly cause: unknown };

/**
 * Reads a body that moves from memory to a file while it grows.
 *
 * @param arrivedBehind what is there now behind a position
 * @param more resolves when there may be more than there was
 */
export async function* readArriving(
  arrivedBehind: (position: number) => Arrived,
  more: () => Promise<void>,
): AsyncGenerator<Buffer, void, undefined> {
  let position = 0;
  let handle: FileHandle | undefined;
  try {
    for (;;) {
      const arrived = arrivedBehind(position);
      switch (arrived.kind) {
        case "end":
          return;
        case "broken":
          throw new Error("the body did not arrive whole", { cause: arrived.cause });
        case "nothing":
          await more();
          break;
        case "memory":
          position += arrived.bytes.length;
          yield arrived.bytes;
          break;
        case "file": {
          handle ??= await open(arrived.path, constants.O_RDONLY | constants.O_NOFOLLOW);
          const piece = await readPiece(handle, position, arrived.end);
          position += piece.length;
          yield piece;
          break;
        }
        default:
          arrived satisfies never;
      }
    }
  } finally {
    await handle?.close();
  }
}

async function readPiece(handle: FileHandle, from: number, end: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(Math.min(READ_BYTES, end - from));
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, from);
  if (bytesRead === 0) throw new Error("spool file is shorter than what was written to it");
  return buffer.subarray(0, bytesRead);
}

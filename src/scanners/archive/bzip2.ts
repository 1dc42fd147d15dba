import seekBzip from "seek-bzip";
import { type ByteSource, pieces } from "../content/byte-source.ts";
import { MemberStore } from "../content/member-store.ts";
import type { MemberSink } from "./unpacker.ts";

const PIECE_BYTES = 64 * 1024;

/**
 * Decodes bzip2. The decoder pushes and cannot be paused, and one block of it may hold 45 MB, so
 * what it gives is kept first and read from there; the limits end it from within. What was decoded
 * before an error comes out before the error does.
 */
export async function* decodeBzip2(
  source: ByteSource,
  sink: MemberSink,
): AsyncGenerator<Uint8Array> {
  const output = new CountedOutput(sink);
  const failures: unknown[] = [];
  try {
    seekBzip.decode(new SequentialInput(source), output, true);
  } catch (error) {
    failures.push(error);
  }
  const decoded = output.finish();
  try {
    yield* pieces(decoded);
  } finally {
    decoded.close();
  }
  for (const failure of failures) throw failure;
}

/** Gives the decoder one byte after the other. */
class SequentialInput {
  readonly #source: ByteSource;
  #piece: Buffer = Buffer.alloc(0);
  #pieceStart = 0;
  #at = 0;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  readByte(): number {
    if (this.#at >= this.#piece.length) {
      this.#pieceStart += this.#piece.length;
      this.#piece = this.#source.read(this.#pieceStart, PIECE_BYTES);
      this.#at = 0;
    }
    const byte = this.#piece[this.#at];
    if (byte === undefined) throw new Error("bzip2 data ends too early");
    this.#at += 1;
    return byte;
  }

  read(target: Buffer, offset: number, length: number): number {
    for (let done = 0; done < length; done += 1) target[offset + done] = this.readByte();
    return length;
  }

  eof(): boolean {
    return this.#pieceStart + this.#at >= this.#source.size;
  }
}

/** Takes one byte after the other from the decoder. */
class CountedOutput {
  readonly #sink: MemberSink;
  readonly #store: MemberStore;
  #piece = Buffer.allocUnsafe(PIECE_BYTES);
  #filled = 0;

  constructor(sink: MemberSink) {
    this.#sink = sink;
    this.#store = new MemberStore(sink.store);
  }

  writeByte(byte: number): void {
    if (this.#filled === this.#piece.length) this.#flush();
    this.#piece[this.#filled] = byte;
    this.#filled += 1;
  }

  finish(): ByteSource {
    this.#store.append(this.#piece.subarray(0, this.#filled));
    return this.#store.finish();
  }

  #flush(): void {
    this.#store.append(this.#piece);
    this.#piece = Buffer.allocUnsafe(PIECE_BYTES);
    this.#filled = 0;
    this.#sink.budget.countUnpacked(PIECE_BYTES);
  }
}

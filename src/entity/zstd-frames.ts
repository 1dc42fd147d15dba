/** Where one frame with data lies in a zstd content. */
export interface ZstdFrame {
  readonly offset: number;
  readonly length: number;
}

const FRAME_MAGIC = 0xfd2fb528;
/** Skippable frames have any of 16 magic numbers. */
const SKIPPABLE_MAGIC = 0x184d2a50;
const MAGIC_BYTES = 4;
const BLOCK_HEADER_BYTES = 3;
const RLE_BLOCK = 1;
const RESERVED_BLOCK = 3;
/** More frames than any server makes; each costs a decoder. */
const MAX_FRAMES = 1024;

/** What the next bytes are. */
type State = "magic" | "skippable-size" | "frame-header" | "block-header" | "broken";

/**
 * Finds the frames of a zstd content (RFC 8878 §3.1) without decoding any. node:zlib ends without
 * an error after the first frame, even a skippable one, when more follow in the same write, and
 * Node 22 takes a cut-off frame for a whole one. Either would let bytes that a browser decodes pass
 * unseen.
 */
export class ZstdFrameFinder {
  readonly #frames: ZstdFrame[] = [];
  #state: State = "magic";
  /** The bytes that the state needs, gathered across pieces. */
  readonly #field = Buffer.alloc(MAGIC_BYTES);
  #fieldBytes = 0;
  #wantedBytes = MAGIC_BYTES;
  /** Bytes to pass over before the next field. */
  #skipBytes = 0;
  #position = 0;
  #frameOffset = 0;
  #hasChecksum = false;

  push(piece: Buffer): void {
    let at = 0;
    while (at < piece.length && this.#state !== "broken") {
      const skipped = Math.min(this.#skipBytes, piece.length - at);
      this.#skipBytes -= skipped;
      this.#position += skipped;
      at += skipped;
      if (this.#skipBytes > 0) return;
      const taken = Math.min(this.#wantedBytes - this.#fieldBytes, piece.length - at);
      piece.copy(this.#field, this.#fieldBytes, at, at + taken);
      this.#fieldBytes += taken;
      this.#position += taken;
      at += taken;
      if (this.#fieldBytes === this.#wantedBytes) this.#readField();
    }
  }

  /** The frames; undefined when the content is cut off, holds something else or too many frames. */
  finish(): readonly ZstdFrame[] | undefined {
    const complete = this.#state === "magic" && this.#fieldBytes === 0 && this.#skipBytes === 0;
    return complete ? this.#frames : undefined;
  }

  #readField(): void {
    switch (this.#state) {
      case "magic":
        this.#readMagic();
        break;
      case "skippable-size":
        this.#skipBytes = this.#field.readUInt32LE(0);
        this.#next("magic", MAGIC_BYTES);
        break;
      case "frame-header":
        this.#readFrameHeader();
        break;
      case "block-header":
        this.#readBlockHeader();
        break;
      case "broken":
        break;
    }
  }

  #readMagic(): void {
    const magic = this.#field.readUInt32LE(0);
    if (magic === FRAME_MAGIC) {
      this.#frameOffset = this.#position - MAGIC_BYTES;
      this.#next("frame-header", 1);
    } else if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC) {
      this.#next("skippable-size", 4);
    } else {
      this.#state = "broken";
    }
  }

  /** The descriptor (RFC 8878 §3.1.1.1.1) says how long the rest of the header is. */
  #readFrameHeader(): void {
    const descriptor = this.#field.readUInt8(0);
    const singleSegment = (descriptor & 0x20) !== 0;
    this.#hasChecksum = (descriptor & 0x04) !== 0;
    const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] as number;
    const sizeBytes = [singleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] as number;
    this.#skipBytes = (singleSegment ? 0 : 1) + dictionaryBytes + sizeBytes;
    this.#next("block-header", BLOCK_HEADER_BYTES);
  }

  #readBlockHeader(): void {
    const header = this.#field.readUIntLE(0, BLOCK_HEADER_BYTES);
    const isLast = (header & 1) !== 0;
    const type = (header >> 1) & 3;
    const size = type === RLE_BLOCK ? 1 : header >> 3;
    if (type === RESERVED_BLOCK) {
      this.#state = "broken";
      return;
    }
    this.#skipBytes = size;
    if (isLast) this.#endFrame();
    else this.#next("block-header", BLOCK_HEADER_BYTES);
  }

  #endFrame(): void {
    if (this.#hasChecksum) this.#skipBytes += 4;
    const length = this.#position + this.#skipBytes - this.#frameOffset;
    this.#frames.push({ offset: this.#frameOffset, length });
    if (this.#frames.length > MAX_FRAMES) this.#state = "broken";
    else this.#next("magic", MAGIC_BYTES);
  }

  #next(state: State, wantedBytes: number): void {
    this.#state = state;
    this.#wantedBytes = wantedBytes;
    this.#fieldBytes = 0;
  }
}

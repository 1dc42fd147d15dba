import { createHash } from "node:crypto";
import { HEAD_BYTES } from "./entity.ts";
import { detectType } from "./file-type.ts";

/** A part of a content, hashed and recognised. */
export interface Region {
  readonly offset: number;
  readonly length: number;
  readonly sha256: string;
  readonly detectedType: string | undefined;
  /** True when it is short and holds nothing but spaces and line ends. */
  readonly blank: boolean;
}

/** Longer regions count as content whatever is in them. */
const MAX_BLANK_BYTES = 1024;

/** Takes the bytes of a region as they come by, and keeps no more of them than the head. */
export class RegionDigest {
  readonly #offset: number;
  readonly #hash = createHash("sha256");
  #length = 0;
  #head: Buffer = Buffer.alloc(0);

  constructor(offset: number) {
    this.#offset = offset;
  }

  update(piece: Buffer): void {
    if (piece.length === 0) return;
    this.#hash.update(piece);
    this.#length += piece.length;
    const missing = HEAD_BYTES - this.#head.length;
    if (missing > 0) this.#head = Buffer.concat([this.#head, piece.subarray(0, missing)]);
  }

  finish(): Region {
    return {
      offset: this.#offset,
      length: this.#length,
      sha256: this.#hash.digest("hex"),
      detectedType: detectType(this.#head),
      blank: this.#length <= MAX_BLANK_BYTES && /^[ \t\r\n]*$/.test(this.#head.toString("latin1")),
    };
  }
}

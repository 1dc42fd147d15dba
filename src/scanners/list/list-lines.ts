import type { Hash } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";

/** Longer than any line that means something; what is above is not kept. */
export const MAX_LINE_BYTES = 8192;

const CHUNK_BYTES = 256 * 1024;
const BYTE_ORDER_MARK = "\uFEFF";
const LF = 0x0a;

export interface LineReading {
  readonly path: string;
  /** Is given every byte of the file. */
  readonly digest: Hash;
  /** Each line without its end, and its number; undefined in place of one that is too long. */
  readonly onLine: (line: string | undefined, number: number) => void;
}

/**
 * Goes through the lines of a file, ended by LF or CR LF, in UTF-8 with or without a byte order
 * mark. Holds no more of it than a chunk and a line. Blocks: for threads that have nothing else to do.
 */
export function readLines(reading: LineReading): void {
  const splitter = new LineSplitter(reading.onLine);
  const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  const file = openSync(reading.path, "r");
  try {
    for (let read = readSync(file, chunk); read > 0; read = readSync(file, chunk)) {
      const bytes = chunk.subarray(0, read);
      reading.digest.update(bytes);
      splitter.take(bytes);
    }
    splitter.end();
  } finally {
    closeSync(file);
  }
}

class LineSplitter {
  readonly #onLine: LineReading["onLine"];
  #begun = Buffer.alloc(0);
  #isTooLong = false;
  #number = 0;

  constructor(onLine: LineReading["onLine"]) {
    this.#onLine = onLine;
  }

  take(bytes: Buffer): void {
    const first = bytes.indexOf(LF);
    if (first < 0) {
      this.#keep(bytes);
      return;
    }
    this.#keep(bytes.subarray(0, first));
    this.end();
    const last = bytes.lastIndexOf(LF);
    if (last > first) {
      // Many at once: a call for each line would cost more than the lines.
      for (const line of bytes.toString("utf8", first + 1, last).split("\n")) this.#emit(line);
    }
    this.#keep(bytes.subarray(last + 1));
  }

  end(): void {
    if (this.#isTooLong) {
      this.#number += 1;
      this.#onLine(undefined, this.#number);
    } else {
      this.#emit(this.#begun.toString("utf8"));
    }
    this.#begun = Buffer.alloc(0);
    this.#isTooLong = false;
  }

  #keep(bytes: Buffer): void {
    if (this.#begun.length + bytes.length > MAX_LINE_BYTES) {
      this.#isTooLong = true;
      this.#begun = Buffer.alloc(0);
    }
    if (!this.#isTooLong && bytes.length > 0) this.#begun = Buffer.concat([this.#begun, bytes]);
  }

  #emit(text: string): void {
    this.#number += 1;
    let line = text.endsWith("\r") ? text.slice(0, -1) : text;
    if (this.#number === 1 && line.startsWith(BYTE_ORDER_MARK)) line = line.slice(1);
    this.#onLine(line.length > MAX_LINE_BYTES ? undefined : line, this.#number);
  }
}

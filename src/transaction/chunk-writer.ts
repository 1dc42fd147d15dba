import { chunkSizeLine, LAST_CHUNK } from "../protocol/index.ts";
import type { ClientLink } from "./client-link.ts";
import type { Scratch } from "./scratch.ts";

/** Room for a chunk-size line in front of the data, whose length is known only at the end. */
const SIZE_LINE_BYTES = 8;
/** Room for the end of the chunk and of the body behind the data. */
const TAIL_BYTES = 2 + LAST_CHUNK.length;

/**
 * Writes the body of an answer: the data that comes in one read goes out as one chunk in one write,
 * together with what stands before it (ADR 0006). Data is copied once, into the scratch buffer; the
 * buffer is filled and sent within one turn of the event loop, which `flush` ends.
 */
export class ChunkWriter {
  readonly #link: ClientLink;
  readonly #scratch: Scratch;
  #head = "";
  #headBytes = 0;
  #dataStart = 0;
  #position = 0;
  #hasSent = false;

  constructor(link: ClientLink, scratch: Scratch) {
    this.#link = link;
    this.#scratch = scratch;
  }

  /** Something has left. */
  get hasSent(): boolean {
    return this.#hasSent;
  }

  /** What precedes the first chunk, latin1. */
  begin(head: string): void {
    this.#head = head;
  }

  /** Adds data; `bytes` may be reused once this returns. */
  add(bytes: Buffer, start: number, end: number): void {
    let from = start;
    while (from < end) {
      const { buffer } = this.#scratch;
      if (this.#position === 0) this.#open(buffer);
      const room = buffer.length - TAIL_BYTES - this.#position;
      if (room === 0) {
        this.flush();
        continue;
      }
      const length = Math.min(room, end - from);
      bytes.copy(buffer, this.#position, from, from + length);
      this.#position += length;
      from += length;
    }
  }

  /** Sends what was added. To be called before the event loop goes on. */
  flush(): void {
    this.#send("");
  }

  /** Sends what was added and ends the body. */
  end(lastChunk: string = LAST_CHUNK): void {
    this.#send(lastChunk);
  }

  #open(buffer: Buffer): void {
    // A head too large to be copied beside a read of data goes out on its own.
    if (this.#head.length > buffer.length / 4) {
      this.#link.sendText(this.#head);
      this.#hasSent = true;
      this.#head = "";
    }
    this.#headBytes = this.#head === "" ? 0 : buffer.write(this.#head, 0, "latin1");
    this.#head = "";
    this.#dataStart = this.#headBytes + SIZE_LINE_BYTES;
    this.#position = this.#dataStart;
  }

  #send(tail: string): void {
    this.#hasSent = true;
    if (this.#position === 0) {
      if (this.#head !== "" || tail !== "") this.#link.sendText(this.#head + tail);
      this.#head = "";
      return;
    }
    const { buffer } = this.#scratch;
    const sizeLine = chunkSizeLine(this.#position - this.#dataStart);
    const start = SIZE_LINE_BYTES - sizeLine.length;
    // The head moves up to meet the size line, whose length was not known before.
    if (this.#headBytes > 0) buffer.copyWithin(start, 0, this.#headBytes);
    buffer.write(sizeLine, start + this.#headBytes, "latin1");
    const end = this.#position + buffer.write(`\r\n${tail}`, this.#position, "latin1");
    this.#position = 0;
    this.#link.sendBytes(buffer.subarray(start, end));
    if (this.#link.clogged) this.#scratch.release();
  }
}

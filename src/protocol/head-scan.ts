import { isBlank } from "./blank.ts";

const TOKEN = 1;
const TEXT = 2;

/** For each byte: whether it may stand in a token (RFC 7230 §3.2.6), and in a line of text. */
const CLASS = new Uint8Array(256).map((_, byte) => {
  if (byte < 0x20 ? byte !== 0x09 : byte === 0x7f) return 0;
  return /[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(String.fromCharCode(byte)) ? TOKEN | TEXT : TEXT;
});

const LF = 0x0a;
const CR = 0x0d;
const COLON = 0x3a;

/** Start and end of a field's name, start and end of its value. */
const MARKS_PER_FIELD = 4;

/**
 * Looks once at each byte of a head, and says where its parts are: the fast path of `IcapHeadParser`.
 * It knows ordinary heads only. What is folded, incomplete, too long or wrong in any way it leaves to
 * the careful parser, which finds the words for it.
 */
export class HeadScan {
  readonly #marks: Int32Array;
  #fieldCount = 0;
  #requestLineEnd = 0;

  constructor(maxFields: number) {
    this.#marks = new Int32Array(maxFields * MARKS_PER_FIELD);
  }

  /** Behind the request line, without its line end; counted from the start of the head. */
  get requestLineEnd(): number {
    return this.#requestLineEnd;
  }

  /** The length of the head at `bytes[start, end)`, with its blank line; -1 when it is not ordinary. */
  scan(bytes: Buffer, start: number, end: number): number {
    let at = skip(TEXT, bytes, start, end);
    this.#requestLineEnd = at - start;
    this.#fieldCount = 0;
    while (isLineEnd(bytes, at, end)) {
      at += 2;
      if (isLineEnd(bytes, at, end)) return at + 2 - start;
      at = this.#field(bytes, start, at, end);
    }
    return -1;
  }

  /** Names and values of the head whose text this is. */
  fields(text: string): string[] {
    const fields: string[] = [];
    const marks = this.#marks;
    for (let mark = 0; mark < this.#fieldCount * MARKS_PER_FIELD; mark += MARKS_PER_FIELD) {
      fields.push(
        text.slice(marks[mark], marks[mark + 1]),
        text.slice(marks[mark + 2], marks[mark + 3]),
      );
    }
    return fields;
  }

  /** Marks the field at `from`; gives the end of its line, or `end` when it is not ordinary. */
  #field(bytes: Buffer, start: number, from: number, end: number): number {
    const mark = this.#fieldCount * MARKS_PER_FIELD;
    const nameEnd = skip(TOKEN, bytes, from, end);
    if (nameEnd === from || bytes[nameEnd] !== COLON || mark === this.#marks.length) return end;
    let valueStart = nameEnd + 1;
    while (isBlank(bytes[valueStart])) valueStart++;
    const lineEnd = skip(TEXT, bytes, valueStart, end);
    let valueEnd = lineEnd;
    while (valueEnd > valueStart && isBlank(bytes[valueEnd - 1])) valueEnd--;
    this.#marks[mark] = from - start;
    this.#marks[mark + 1] = nameEnd - start;
    this.#marks[mark + 2] = valueStart - start;
    this.#marks[mark + 3] = valueEnd - start;
    this.#fieldCount++;
    return lineEnd;
  }
}

/** The first position from `start` on whose byte is not of the class; `end` when all are. */
function skip(kind: number, bytes: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && ((CLASS[bytes[at] as number] as number) & kind) !== 0) at++;
  return at;
}

function isLineEnd(bytes: Buffer, at: number, end: number): boolean {
  return at + 1 < end && bytes[at] === CR && bytes[at + 1] === LF;
}

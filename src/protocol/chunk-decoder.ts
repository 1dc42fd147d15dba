import { type IcapError, icapError } from "./errors.ts";
import type { WireLimits } from "./limits.ts";

/** Takes the data of a body as views that are valid during the call only. */
export interface BodySink {
  onBody(bytes: Buffer, start: number, end: number): void;
}

/*
 *        ┌────────────────────────────────────────────── DataLf ◀─ DataCr ◀─┐
 *        ▼                                                                  │
 *   ▶ Size ─hex─▶ Size ──';'──▶ Extension ──CR──▶ SizeLf ──size > 0──▶ Data ┘
 *        └─blank▶ Blank ─┘  └CR──────────────────▲   │
 *                                                    └─size = 0──▶ TrailerStart ─CR▶ LastLf ─▶ Done
 *                                                                   ▲   └─▶ Trailer ─CR▶ TrailerLf ┐
 *                                                                   └──────────────────────────────┘
 */
const State = {
  Size: 0,
  Blank: 1,
  Extension: 2,
  SizeLf: 3,
  Data: 4,
  DataCr: 5,
  DataLf: 6,
  TrailerStart: 7,
  Trailer: 8,
  TrailerLf: 9,
  LastLf: 10,
  Done: 11,
  Failed: 12,
} as const;
type State = (typeof State)[keyof typeof State];

const HT = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SP = 0x20;
const DEL = 0x7f;
const SEMICOLON = 0x3b;
const MAX_SIZE_DIGITS = 16;

/**
 * Decodes one chunked body (RFC 3507 §4.4, RFC 7230 §4.1), at any split. Extensions and trailers are
 * read within bounds and dropped; of the extensions only `ieof` has a meaning (RFC 3507 §4.5).
 */
export class ChunkDecoder {
  readonly #sink: BodySink;
  readonly #limits: WireLimits;
  #state: State = State.Size;
  #size = 0;
  #digits = 0;
  #lineBytes = 0;
  #extension = "";
  #trailerBytes = 0;
  #allowance = Number.POSITIVE_INFINITY;
  #ieof = false;
  #error: IcapError | undefined;

  constructor(sink: BodySink, limits: WireLimits) {
    this.#sink = sink;
    this.#limits = limits;
  }

  /** The last chunk and its trailers have been read. */
  get done(): boolean {
    return this.#state === State.Done;
  }

  /** The last chunk said that nothing follows the preview. */
  get ieof(): boolean {
    return this.#ieof;
  }

  /** The extensions of the last chunk, from their semicolon on; empty when there are none. */
  get lastExtension(): string {
    return this.#extension;
  }

  get error(): IcapError | undefined {
    return this.#error;
  }

  /** Begins a body, or what follows a preview; more than `allowance` bytes of data are an error. */
  reset(allowance: number): void {
    this.#state = State.Size;
    this.#startLine();
    this.#trailerBytes = 0;
    this.#allowance = allowance;
    this.#ieof = false;
    this.#error = undefined;
  }

  /** Decodes `bytes[start, end)`; returns where it stopped: at `end`, behind the body, or at a fault. */
  feed(bytes: Buffer, start: number, end: number): number {
    let position = start;
    while (position < end && this.#state < State.Done) {
      position =
        this.#state === State.Data
          ? this.#data(bytes, position, end)
          : this.#framing(bytes, position, end);
    }
    return position;
  }

  #data(bytes: Buffer, start: number, end: number): number {
    const length = Math.min(this.#size, end - start);
    if (length > this.#allowance) {
      if (this.#allowance > 0) this.#sink.onBody(bytes, start, start + this.#allowance);
      return this.#fail(start, icapError("ICAP_ERR_PREVIEW_TOO_LONG", this.#limits.previewBytes));
    }
    this.#allowance -= length;
    this.#size -= length;
    if (this.#size === 0) this.#state = State.DataCr;
    this.#sink.onBody(bytes, start, start + length);
    return start + length;
  }

  /** Everything but data, which comes in few bytes at a time. */
  #framing(bytes: Buffer, start: number, end: number): number {
    const byte = bytes[start] as number;
    switch (this.#state) {
      case State.Size:
        return this.#sizeByte(byte, start);
      case State.Blank:
        return this.#afterSize(byte, start);
      case State.Extension:
        return this.#extensionBytes(bytes, start, end);
      case State.SizeLf:
        return byte === LF ? this.#endSizeLine(start) : this.#bareCr(start);
      case State.DataCr:
        return byte === CR ? this.#advance(State.DataLf, start) : this.#badChunkEnd(start);
      case State.DataLf:
        if (byte !== LF) return this.#badChunkEnd(start);
        this.#startLine();
        return this.#advance(State.Size, start);
      default:
        return this.#trailerByte(byte, start);
    }
  }

  #sizeByte(byte: number, at: number): number {
    const digit = hexDigit(byte);
    if (digit < 0) {
      if (this.#digits === 0) return this.#fail(at, icapError("ICAP_ERR_CHUNK_SIZE"));
      return this.#afterSize(byte, at);
    }
    this.#digits++;
    this.#lineBytes++;
    this.#size = this.#size * 16 + digit;
    if (this.#digits > MAX_SIZE_DIGITS || this.#size > Number.MAX_SAFE_INTEGER) {
      return this.#fail(at, icapError("ICAP_ERR_CHUNK_SIZE"));
    }
    return at + 1;
  }

  #afterSize(byte: number, at: number): number {
    if (byte === CR) return this.#advance(State.SizeLf, at);
    if (byte === LF) return this.#fail(at, icapError("ICAP_ERR_LINE_END", "LF"));
    if (byte === SEMICOLON) return this.#extend(State.Extension, at);
    // c-icap pads its sizes: `0 ; ieof` is read as `0; ieof`.
    if (byte === SP || byte === HT) return this.#extend(State.Blank, at);
    return this.#fail(at, icapError("ICAP_ERR_CHUNK_SIZE"));
  }

  #extend(state: State, at: number): number {
    this.#lineBytes++;
    if (this.#lineBytes > this.#limits.chunkLineBytes) return this.#lineTooLong(at);
    return this.#advance(state, at);
  }

  #extensionBytes(bytes: Buffer, start: number, end: number): number {
    let at = start;
    while (at < end && isTextByte(bytes[at] as number)) {
      at++;
      this.#lineBytes++;
      if (this.#lineBytes > this.#limits.chunkLineBytes) return this.#lineTooLong(at);
    }
    // Only the last chunk's extensions can mean anything.
    if (this.#size === 0) this.#extension += bytes.toString("latin1", start, at);
    if (at === end) return at;
    const byte = bytes[at] as number;
    if (byte === CR) return this.#advance(State.SizeLf, at);
    return this.#fail(at, controlFault(byte, "a chunk extension"));
  }

  #endSizeLine(at: number): number {
    if (this.#size > 0) return this.#advance(State.Data, at);
    this.#ieof = namesIeof(this.#extension);
    return this.#advance(State.TrailerStart, at);
  }

  #trailerByte(byte: number, at: number): number {
    switch (this.#state) {
      case State.TrailerStart:
      case State.Trailer:
        if (byte === CR) {
          const blank = this.#state === State.TrailerStart;
          return this.#advance(blank ? State.LastLf : State.TrailerLf, at);
        }
        return this.#trailerText(byte, at);
      case State.TrailerLf:
        return byte === LF ? this.#advance(State.TrailerStart, at) : this.#bareCr(at);
      default:
        return byte === LF ? this.#advance(State.Done, at) : this.#bareCr(at);
    }
  }

  /** Trailers are read and dropped: Sluice negotiates none (RFC 7230 §4.1.2). */
  #trailerText(byte: number, at: number): number {
    if (!isTextByte(byte)) return this.#fail(at, controlFault(byte, "a trailer"));
    this.#trailerBytes++;
    if (this.#trailerBytes > this.#limits.trailerBytes) {
      return this.#fail(at, icapError("ICAP_ERR_TRAILERS_TOO_LARGE", this.#limits.trailerBytes));
    }
    return this.#advance(State.Trailer, at);
  }

  #startLine(): void {
    this.#size = 0;
    this.#digits = 0;
    this.#lineBytes = 0;
    this.#extension = "";
  }

  #advance(state: State, at: number): number {
    this.#state = state;
    return at + 1;
  }

  #bareCr(at: number): number {
    return this.#fail(at, icapError("ICAP_ERR_LINE_END", "CR"));
  }

  #badChunkEnd(at: number): number {
    return this.#fail(at, icapError("ICAP_ERR_CHUNK_END"));
  }

  #lineTooLong(at: number): number {
    const limit = this.#limits.chunkLineBytes;
    return this.#fail(at, icapError("ICAP_ERR_CHUNK_LINE_TOO_LONG", limit));
  }

  #fail(at: number, error: IcapError): number {
    this.#state = State.Failed;
    this.#error = error;
    return at;
  }
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

function isTextByte(byte: number): boolean {
  return (byte >= SP && byte !== DEL) || byte === HT;
}

function controlFault(byte: number, where: string): IcapError {
  return byte === LF
    ? icapError("ICAP_ERR_LINE_END", "LF")
    : icapError("ICAP_ERR_CONTROL_CHARACTER", where);
}

/** A quoted string; without its end it goes on to the end, which keeps the search linear. */
const QUOTED = /"(?:[^"\\]|\\.)*(?:"|\\?$)/g;

/** `;ieof`, `; IEOF`, `;a="x;y";ieof` name it; a quoted `";ieof"` does not. */
function namesIeof(extension: string): boolean {
  if (extension === "") return false;
  // As all known clients write it.
  if (extension === " ieof") return true;
  const unquoted = extension.replace(QUOTED, '""');
  return unquoted.split(";").some((item) => item.trim().toLowerCase() === "ieof");
}

import { Carry } from "./carry.ts";
import { type BodySink, ChunkDecoder } from "./chunk-decoder.ts";
import { type IcapError, icapError } from "./errors.ts";
import { hasBody, IcapHeadParser, type IcapRequest, isIcapError } from "./icap-head.ts";
import { DEFAULT_LENIENCY, type Leniency } from "./leniency.ts";
import { DEFAULT_WIRE_LIMITS, type WireLimits } from "./limits.ts";

/** The encapsulated HTTP heads of a request: views that are valid during `onRequest` only. */
export interface HeadBytes {
  readonly bytes: Buffer;
  readonly start: number;
  /** End of the HTTP request head, which is where the HTTP response head starts. */
  readonly middle: number;
  readonly end: number;
}

/** What a parser tells of. For each message: `onRequest`, `onBody`…, then `onEnd` or `onError`. */
export interface RequestSink extends BodySink {
  /** ICAP head and encapsulated heads are complete. */
  onRequest(request: IcapRequest, heads: HeadBytes): void;
  /**
   * The preview is complete and more may follow. The parser takes nothing further until
   * `continueBody` (after `100 Continue`) or `endMessage` (after a final answer).
   */
  onPreviewEnd(): void;
  /** The message is complete; nothing of it follows. */
  onEnd(): void;
  /** The bytes are not ICAP. When `error.closes`, the parser swallows all that follows. */
  onError(error: IcapError): void;
}

/**
 *   ┌──────────────────────────── onEnd ◀──────────────────────────────────────┐
 *   ▼                                                                          │
 *   Start ─▶ IcapHead ─▶ HttpHeads ─▶ onRequest ─▶ Body ─▶ onPreviewEnd ─▶ Held ┤ endMessage
 *     any fault ─▶ onError ─▶ Closed                 ▲──────── continueBody ────┘
 */
export const ParserState = {
  Start: "start",
  IcapHead: "icap-head",
  HttpHeads: "http-heads",
  Body: "body",
  Held: "held",
  Closed: "closed",
} as const;
export type ParserState = (typeof ParserState)[keyof typeof ParserState];

export interface RequestParserOptions {
  readonly limits?: Partial<WireLimits>;
  readonly leniency?: Partial<Leniency>;
}

const LF = 0x0a;
const CR = 0x0d;
const CRLF_BYTES = 2;
const BLANK_LINE = Buffer.from("\r\n\r\n", "latin1");
const NO_BYTES = Buffer.alloc(0);
const MAX_LEADING_EMPTY_LINES = 2;

/**
 * Parses the requests of one connection (RFC 3507): bytes in, events out. Owns no socket, clock or
 * logger. A byte is copied only where a head is split over reads; body data is passed on as views.
 */
export class RequestParser {
  readonly #sink: RequestSink;
  readonly #limits: WireLimits;
  readonly #heads: IcapHeadParser;
  readonly #chunks: ChunkDecoder;
  readonly #carry = new Carry();
  #state: ParserState = ParserState.Start;
  #emptyLines = 0;
  #leadingCr = false;
  #request: IcapRequest | undefined;
  #inPreview = false;
  /** A message has ended: its answer goes before the next. */
  #stopped = false;

  constructor(sink: RequestSink, options: RequestParserOptions = {}) {
    this.#sink = sink;
    this.#limits = consistentLimits({ ...DEFAULT_WIRE_LIMITS, ...options.limits });
    this.#heads = new IcapHeadParser(this.#limits, { ...DEFAULT_LENIENCY, ...options.leniency });
    this.#chunks = new ChunkDecoder(sink, this.#limits);
  }

  get state(): ParserState {
    return this.#state;
  }

  /**
   * Takes `bytes[start, end)` and returns how far it came. It stops short behind the end of a message
   * and behind a preview, so that the caller can answer before it goes on; what is left is fed again.
   * Behind an error that closes, everything is taken and nothing told.
   */
  feed(bytes: Buffer, start: number, end: number): number {
    let position = start;
    while (position < end) {
      switch (this.#state) {
        case ParserState.Start:
          position = this.#skipEmptyLines(bytes, position, end);
          break;
        case ParserState.IcapHead:
          position = this.#icapHead(bytes, position, end);
          break;
        case ParserState.HttpHeads:
          position = this.#httpHeads(bytes, position, end);
          break;
        case ParserState.Body:
          position = this.#body(bytes, position, end);
          break;
        case ParserState.Held:
          return position;
        default:
          return end;
      }
      if (this.#stopped) {
        this.#stopped = false;
        return position;
      }
    }
    return position;
  }

  /** `100 Continue` was sent: the rest of the body comes. */
  continueBody(): void {
    this.#inPreview = false;
    this.#chunks.reset(Number.POSITIVE_INFINITY);
    this.#state = ParserState.Body;
  }

  /** The answer was given at the preview: what comes next is a new request. */
  endMessage(): void {
    this.#startOver();
  }

  /** Nothing more is wanted from this connection: what still comes is swallowed. */
  close(): void {
    this.#state = ParserState.Closed;
    this.#carry.clear();
  }

  /** RFC 7230 §3.5: an empty line or two before a request line is ignored. */
  #skipEmptyLines(bytes: Buffer, start: number, end: number): number {
    let position = start;
    while (position < end) {
      const byte = bytes[position] as number;
      if (this.#leadingCr) {
        if (byte !== LF) return this.#fail(position, icapError("ICAP_ERR_LINE_END", "CR"));
        this.#leadingCr = false;
        this.#emptyLines++;
      } else if (byte === CR && this.#emptyLines < MAX_LEADING_EMPTY_LINES) {
        this.#leadingCr = true;
      } else {
        this.#state = ParserState.IcapHead;
        return position;
      }
      position++;
    }
    return position;
  }

  #icapHead(bytes: Buffer, start: number, end: number): number {
    if (this.#carry.length > 0) return this.#carriedIcapHead(bytes, start, end);
    const ordinary = this.#heads.parseOrdinary(bytes, start, end);
    if (ordinary === undefined) return this.#carriedIcapHead(bytes, start, end);
    return this.#takeHead(ordinary, start + this.#heads.ordinaryBytes);
  }

  /**
   * The slow path: a head in several reads, or with something unusual in it. It is looked at again
   * when a line of it is complete.
   */
  #carriedIcapHead(bytes: Buffer, start: number, end: number): number {
    const before = this.#carry.length;
    // One byte beyond the limit is enough to see that it is exceeded.
    const take = Math.min(end - start, this.#limits.headBytes + 1 - before);
    this.#carry.add(bytes, start, start + take);
    const { buffer, length } = this.#carry;
    const blank = buffer.indexOf(BLANK_LINE, Math.max(0, before - BLANK_LINE.length + 1));
    if (blank >= 0 && blank + BLANK_LINE.length <= length) {
      const headEnd = blank + BLANK_LINE.length;
      this.#carry.truncate(0);
      const text = buffer.toString("latin1", 0, headEnd);
      const result = this.#heads.parse(text) as IcapRequest | IcapError;
      return this.#takeHead(result, start + headEnd - before);
    }
    if (before > 0 && !this.#isWorthALook(before)) return start + take;
    const result = this.#heads.parse(buffer.toString("latin1", 0, length));
    return result === undefined ? start + take : this.#fault(result as IcapError, start + take);
  }

  /** A line was completed by what stands behind `before`, or one has become too long. */
  #isWorthALook(before: number): boolean {
    const { buffer, length } = this.#carry;
    const { requestLineBytes, headBytes } = this.#limits;
    const firstLine = buffer.subarray(0, Math.min(length, requestLineBytes + 2));
    const bound = firstLine.includes(LF) ? headBytes : requestLineBytes + 1;
    return length > bound || buffer.subarray(before, length).includes(LF);
  }

  #takeHead(result: IcapRequest | IcapError, headEnd: number): number {
    if (isIcapError(result)) return this.#fault(result, headEnd);
    this.#request = result;
    this.#state = ParserState.HttpHeads;
    const { requestHeadBytes, responseHeadBytes } = result.encapsulated;
    if (requestHeadBytes + responseHeadBytes === 0) this.#tellRequest(result, NO_BYTES, 0);
    return headEnd;
  }

  #httpHeads(bytes: Buffer, start: number, end: number): number {
    const request = this.#request as IcapRequest;
    const { requestHeadBytes, responseHeadBytes } = request.encapsulated;
    const wanted = requestHeadBytes + responseHeadBytes;
    if (this.#carry.length === 0 && end - start >= wanted) {
      this.#tellRequest(request, bytes, start);
      return start + wanted;
    }
    const take = Math.min(end - start, wanted - this.#carry.length);
    this.#carry.add(bytes, start, start + take);
    if (this.#carry.length === wanted) this.#tellRequest(request, this.#carry.buffer, 0);
    return start + take;
  }

  #tellRequest(request: IcapRequest, bytes: Buffer, start: number): void {
    const { requestHeadBytes, responseHeadBytes } = request.encapsulated;
    const middle = start + requestHeadBytes;
    const heads: HeadBytes = { bytes, start, middle, end: middle + responseHeadBytes };
    // RFC 3507 §4.4.2: each encapsulated head is terminated by a blank line.
    const unended = unendedHead(heads);
    if (unended !== undefined) {
      this.#fail(start, icapError("ICAP_ERR_HTTP_HEAD", unended));
      return;
    }
    this.#startBody(request);
    this.#sink.onRequest(request, heads);
    this.#carry.clear();
    if (!hasBody(request.encapsulated)) this.#end();
  }

  #startBody(request: IcapRequest): void {
    this.#inPreview = request.previewBytes >= 0;
    this.#chunks.reset(this.#inPreview ? this.#limits.previewBytes : Number.POSITIVE_INFINITY);
    this.#state = ParserState.Body;
  }

  #body(bytes: Buffer, start: number, end: number): number {
    const position = this.#chunks.feed(bytes, start, end);
    if (this.#chunks.error !== undefined) return this.#fail(position, this.#chunks.error);
    if (!this.#chunks.done) return position;
    if (this.#inPreview && !this.#chunks.ieof) {
      this.#state = ParserState.Held;
      this.#sink.onPreviewEnd();
    } else {
      this.#end();
    }
    return position;
  }

  #end(): void {
    if (this.#state === ParserState.Closed) return;
    this.#startOver();
    this.#stopped = true;
    this.#sink.onEnd();
  }

  #startOver(): void {
    this.#state = ParserState.Start;
    this.#request = undefined;
    this.#emptyLines = 0;
  }

  /** A fault of a head whose end is known: the connection may go on when the error allows it. */
  #fault(error: IcapError, position: number): number {
    if (error.closes) return this.#fail(position, error);
    this.#carry.clear();
    this.#startOver();
    this.#stopped = true;
    this.#sink.onError(error);
    return position;
  }

  #fail(position: number, error: IcapError): number {
    this.close();
    this.#sink.onError(error);
    return position;
  }
}

/** A request line is a part of its head, whatever the limits say. */
function consistentLimits(limits: WireLimits): WireLimits {
  const { requestLineBytes, headBytes } = limits;
  return { ...limits, requestLineBytes: Math.min(requestLineBytes, headBytes - CRLF_BYTES) };
}

function unendedHead(heads: HeadBytes): "req-hdr" | "res-hdr" | undefined {
  const { bytes, start, middle, end } = heads;
  if (middle > start && !endsWithBlankLine(bytes, start, middle)) return "req-hdr";
  if (end > middle && !endsWithBlankLine(bytes, middle, end)) return "res-hdr";
  return undefined;
}

function endsWithBlankLine(bytes: Buffer, start: number, end: number): boolean {
  return (
    end - start >= BLANK_LINE.length &&
    bytes[end - 1] === LF &&
    bytes[end - 2] === CR &&
    bytes[end - 3] === LF &&
    bytes[end - 4] === CR
  );
}

import { Carry } from "./carry.ts";
import { type BodySink, ChunkDecoder } from "./chunk-decoder.ts";
import { BodyKind, type Encapsulated, NOTHING_ENCAPSULATED } from "./encapsulated.ts";
import { shown } from "./errors.ts";
import { type Fields, fieldValue } from "./fields.ts";
import { parseHttpHead } from "./http-head.ts";
import type { WireLimits } from "./limits.ts";

/** The head of an ICAP answer, with the HTTP heads in it. */
export interface IcapResponse {
  readonly status: number;
  /** May be empty. */
  readonly reason: string;
  readonly fields: Fields;
  /** Bytes as they came, with the blank line; empty where the answer has none. */
  readonly requestHead: Buffer;
  readonly responseHead: Buffer;
  readonly body: BodyKind;
}

/** What a parser tells, in this order: `onContinue`s, `onHead`, `onBody`s, `onEnd`. */
export interface ResponseSink extends BodySink {
  /** 100: the server wants the rest of the body (RFC 3507 §4.5). */
  onContinue(): void;
  onHead(response: IcapResponse): void;
  /** `originalFrom`: the body goes on with the client's own from this offset on (206). */
  onEnd(originalFrom: number | undefined): void;
}

/** The answer cannot be understood; the connection is of no more use. */
export interface ResponseFault {
  readonly message: string;
}

const State = { Head: "head", HttpHeads: "http-heads", Body: "body", Failed: "failed" } as const;
type State = (typeof State)[keyof typeof State];

const HEAD_END = "\r\n\r\n";
const PROTOCOL = "ICAP/";
const STATUS_LINE = /^ICAP\/1\.[0-9] ([1-5][0-9]{2})(?: (.*))?$/;
const SECTION =
  /^[ \t]*((?:req|res)-hdr|(?:req|res|opt|null)-body)[ \t]*=[ \t]*([0-9]{1,15})[ \t]*$/i;
const ORIGINAL_BODY = /(?:^|;)[ \t]*use-original-body[ \t]*=[ \t]*([0-9]{1,15})[ \t]*(?:;|$)/i;
const EMPTY = Buffer.alloc(0);

/**
 * Parses the answers of an ICAP server, one after the other, at any split of the bytes: the other
 * end of `RequestParser`. Keeps at most a head; bodies are passed on as views.
 */
export class ResponseParser {
  readonly #sink: ResponseSink;
  readonly #limits: WireLimits;
  readonly #carry = new Carry();
  readonly #chunks: ChunkDecoder;
  #state: State = State.Head;
  #head: IcapResponse | undefined;
  #encapsulated: Encapsulated = NOTHING_ENCAPSULATED;
  #fault: ResponseFault | undefined;

  constructor(sink: ResponseSink, limits: WireLimits) {
    this.#sink = sink;
    this.#limits = limits;
    this.#chunks = new ChunkDecoder(sink, limits);
  }

  /** Whether an answer has begun and not ended. */
  get inAnswer(): boolean {
    return this.#state !== State.Head || this.#carry.length > 0;
  }

  /** Parses all of `bytes`, or returns why it stopped; after a fault nothing more is read. */
  feed(bytes: Buffer): ResponseFault | undefined {
    let position = 0;
    while (position < bytes.length && this.#fault === undefined) {
      position = this.#step(bytes, position);
    }
    return this.#fault;
  }

  #step(bytes: Buffer, start: number): number {
    switch (this.#state) {
      case State.Head:
        return this.#readHead(bytes, start);
      case State.HttpHeads:
        return this.#readHttpHeads(bytes, start);
      default:
        return this.#readBody(bytes, start);
    }
  }

  #readHead(bytes: Buffer, start: number): number {
    const before = this.#carry.length;
    this.#carry.add(bytes, start, Math.min(bytes.length, start + this.#limits.headBytes - before));
    const kept = this.#carry.buffer.subarray(0, this.#carry.length);
    // Told at the first bytes: a server of another protocol may wait for ever for its own request.
    const first = kept.toString("latin1", 0, PROTOCOL.length);
    if (!PROTOCOL.startsWith(first)) {
      return this.#fail(`not an ICAP answer: ${shown(kept.toString("latin1"))}`);
    }
    const blank = kept.indexOf(HEAD_END, Math.max(0, before - HEAD_END.length));
    if (blank < 0 && kept.length === this.#limits.headBytes) {
      return this.#fail(`ICAP head exceeds ${this.#limits.headBytes} bytes`);
    }
    if (blank < 0) return bytes.length;
    const end = blank + HEAD_END.length;
    const text = kept.toString("latin1", 0, end);
    this.#carry.clear();
    this.#takeHead(text);
    return start + end - before;
  }

  #takeHead(text: string): void {
    const { startLine, fields } = parseHttpHead(text);
    const match = STATUS_LINE.exec(startLine);
    if (match === null) {
      this.#fail(`malformed status line ${shown(startLine)}`);
      return;
    }
    const status = Number(match[1]);
    if (status === 100) {
      this.#sink.onContinue();
      return;
    }
    const value = fieldValue(fields, "encapsulated");
    // c-icap leaves it out of some errors; what then follows can only be the next answer.
    const encapsulated = value === undefined ? NOTHING_ENCAPSULATED : readSections(value);
    if (encapsulated === undefined) {
      this.#fail(`malformed Encapsulated ${shown(value as string)}`);
      return;
    }
    const reason = match[2] ?? "";
    const { body } = encapsulated;
    this.#head = { status, reason, fields, requestHead: EMPTY, responseHead: EMPTY, body };
    this.#takeSections(encapsulated, this.#head);
  }

  #takeSections(encapsulated: Encapsulated, head: IcapResponse): void {
    const headBytes = encapsulated.requestHeadBytes + encapsulated.responseHeadBytes;
    const limit = this.#limits.encapsulatedBytes;
    this.#encapsulated = encapsulated;
    if (headBytes > limit) this.#fail(`encapsulated headers exceed ${limit} bytes`);
    else if (headBytes > 0) this.#state = State.HttpHeads;
    else this.#announce(head);
  }

  #readHttpHeads(bytes: Buffer, start: number): number {
    const { requestHeadBytes, responseHeadBytes } = this.#encapsulated;
    const headBytes = requestHeadBytes + responseHeadBytes;
    const end = Math.min(bytes.length, start + headBytes - this.#carry.length);
    this.#carry.add(bytes, start, end);
    if (this.#carry.length === headBytes) {
      const both = Buffer.from(this.#carry.buffer.subarray(0, headBytes));
      this.#carry.clear();
      const requestHead = both.subarray(0, requestHeadBytes);
      const responseHead = both.subarray(requestHeadBytes);
      this.#announce({ ...(this.#head as IcapResponse), requestHead, responseHead });
    }
    return end;
  }

  #announce(response: IcapResponse): void {
    const hasBody = response.body !== BodyKind.None;
    this.#head = undefined;
    this.#state = hasBody ? State.Body : State.Head;
    if (hasBody) this.#chunks.reset(Number.POSITIVE_INFINITY);
    this.#sink.onHead(response);
    if (!hasBody) this.#sink.onEnd(undefined);
  }

  #readBody(bytes: Buffer, start: number): number {
    const position = this.#chunks.feed(bytes, start, bytes.length);
    if (this.#chunks.error !== undefined) return this.#fail(this.#chunks.error.message);
    if (this.#chunks.done) {
      this.#state = State.Head;
      const match = ORIGINAL_BODY.exec(this.#chunks.lastExtension);
      this.#sink.onEnd(match === null ? undefined : Number(match[1]));
    }
    return position;
  }

  /** The place returned is that of nothing: `feed` stops. */
  #fail(message: string): number {
    this.#state = State.Failed;
    this.#fault = { message };
    return 0;
  }
}

/** The sections of an answer: of either direction, the first at 0, rising, a body at the end. */
function readSections(value: string): Encapsulated | undefined {
  const heads = new Map<string, number>();
  let previous = "";
  let from = 0;
  for (const item of value.split(",")) {
    const [, name = "", offset = ""] = SECTION.exec(item) ?? [];
    const at = Number(offset);
    const isInPlace = previous === "" ? at === 0 : previous.endsWith("-hdr") && at > from;
    if (name === "" || !isInPlace) return undefined;
    heads.set(previous, at - from);
    previous = name.toLowerCase();
    from = at;
  }
  if (previous.endsWith("-hdr")) return undefined;
  return {
    requestHeadBytes: heads.get("req-hdr") ?? 0,
    responseHeadBytes: heads.get("res-hdr") ?? 0,
    body: previous as BodyKind,
  };
}

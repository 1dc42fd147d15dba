import { isBlank } from "./blank.ts";
import {
  BodyKind,
  type Encapsulated,
  NOTHING_ENCAPSULATED,
  parseEncapsulated,
} from "./encapsulated.ts";
import { type IcapError, icapError, shown } from "./errors.ts";
import { type Fields, foldInto, listHas } from "./fields.ts";
import { HeadScan } from "./head-scan.ts";
import type { Leniency } from "./leniency.ts";
import type { WireLimits } from "./limits.ts";
import { parseServiceUri, type ServiceUri } from "./service-uri.ts";

export const Method = { Options: "OPTIONS", Reqmod: "REQMOD", Respmod: "RESPMOD" } as const;
export type Method = (typeof Method)[keyof typeof Method];

/** The head of an ICAP request, checked and understood. */
export interface IcapRequest {
  readonly method: Method;
  readonly uri: ServiceUri;
  readonly fields: Fields;
  readonly encapsulated: Encapsulated;
  /** Bytes the client sends before it waits; -1 when it announces no preview (RFC 3507 §4.5). */
  readonly previewBytes: number;
  /** `Allow: 204`: an answer without a body is welcome at any time, not only at the preview (§4.6). */
  readonly allows204: boolean;
  /** `Allow: 206` (draft-icap-ext-partial-content). */
  readonly allows206: boolean;
  /** The client ends the connection after this answer. */
  readonly closes: boolean;
}

/** What came of looking at a head: `undefined` when it is not complete and nothing is wrong so far. */
export type HeadResult = IcapRequest | IcapError | undefined;

/** Distinguishes the two outcomes of a parse. */
export function isIcapError(result: object): result is IcapError {
  return "code" in result;
}

const UNUSUAL = /[^\t\r\n\x20-\x7e\x80-\xff]|\r(?!\n)/;
const CONTROL = /[^\t\x20-\x7e\x80-\xff]/;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const VERSION = /^ICAP\/[0-9]+\.[0-9]+$/;
const DECIMAL = /^[0-9]{1,15}$/;

/**
 * Parses ICAP heads. One parser serves one connection, whose requests mostly repeat the same URI:
 * it remembers the last one. Holds nothing else between requests.
 */
export class IcapHeadParser {
  readonly #limits: WireLimits;
  readonly #leniency: Leniency;
  readonly #scan: HeadScan;
  #ordinaryBytes = 0;
  #lastTarget = "";
  #lastUri: ServiceUri = { path: "/", query: "" };

  constructor(limits: WireLimits, leniency: Leniency) {
    this.#limits = limits;
    this.#leniency = leniency;
    this.#scan = new HeadScan(limits.headFields);
  }

  /** Length of the head that `parseOrdinary` read last. */
  get ordinaryBytes(): number {
    return this.#ordinaryBytes;
  }

  /**
   * Reads the head at `bytes[start, end)` in one pass if it is complete and nothing about it is
   * unusual, which is so for nearly all; otherwise undefined, and `parse` has the word.
   */
  parseOrdinary(bytes: Buffer, start: number, end: number): IcapRequest | IcapError | undefined {
    const length = this.#scan.scan(bytes, start, end);
    if (length < 0 || length > this.#limits.headBytes) return undefined;
    this.#ordinaryBytes = length;
    const text = bytes.toString("latin1", start, start + length);
    const draft = new HeadDraft(false);
    const error = this.#takeRequestLine(draft, text, this.#scan.requestLineEnd + 1);
    if (error !== undefined) return error;
    draft.fields = this.#scan.fields(text);
    return this.#finish(draft);
  }

  /**
   * Reads `text`, a head from its first character on. Faults are found line by line, so that the same
   * bytes give the same error however they are split. A complete head ends with its blank line.
   */
  parse(text: string): HeadResult {
    const draft = new HeadDraft(UNUSUAL.test(text));
    let start = 0;
    for (;;) {
      const lineFeed = text.indexOf("\n", start);
      const error =
        lineFeed < 0
          ? this.#checkPartial(text, start)
          : this.#takeLine(draft, text, start, lineFeed);
      if (error !== undefined) return error;
      if (lineFeed < 0) return undefined;
      if (lineFeed === start + 1) return this.#finish(draft);
      start = lineFeed + 1;
    }
  }

  /** The bounds hold for a line that has not ended yet, so that nothing is kept beyond them. */
  #checkPartial(text: string, start: number): IcapError | undefined {
    if (start === 0) return this.#requestLineFault(text, text.length);
    const { headBytes } = this.#limits;
    return text.length > headBytes ? icapError("ICAP_ERR_HEAD_TOO_LARGE", headBytes) : undefined;
  }

  #takeLine(
    draft: HeadDraft,
    text: string,
    start: number,
    lineFeed: number,
  ): IcapError | undefined {
    if (start === 0) return this.#takeRequestLine(draft, text, lineFeed);
    const { headBytes, headFields } = this.#limits;
    if (lineFeed >= headBytes) return icapError("ICAP_ERR_HEAD_TOO_LARGE", headBytes);
    const error = lineFault(draft, text, start, lineFeed);
    if (error !== undefined || lineFeed === start + 1) return error;
    if (++draft.fieldLines > headFields) return icapError("ICAP_ERR_TOO_MANY_FIELDS", headFields);
    const first = text.charCodeAt(start);
    if (first === SPACE || first === TAB) return draft.fold(text.slice(start, lineFeed - 1));
    return this.#takeField(draft, text, start, lineFeed - 1);
  }

  /** What is wrong with a request line of which `bytes` came before its LF, or came so far. */
  #requestLineFault(text: string, bytes: number): IcapError | undefined {
    // The first character tells another protocol, whose line may never end.
    if (!TOKEN.test(text.charAt(0))) return notARequest(text);
    const { requestLineBytes } = this.#limits;
    return bytes > requestLineBytes + 1
      ? icapError("ICAP_ERR_REQUEST_LINE_TOO_LONG", requestLineBytes)
      : undefined;
  }

  #takeRequestLine(draft: HeadDraft, text: string, lineFeed: number): IcapError | undefined {
    const error = this.#requestLineFault(text, lineFeed) ?? lineFault(draft, text, 0, lineFeed);
    if (error !== undefined) return error;
    const first = text.indexOf(" ");
    const second = text.indexOf(" ", first + 1);
    const end = lineFeed - 1;
    // Exactly two single spaces: anything else would let two parsers disagree (RFC 7230 §3.1.1).
    if (first < 0 || second < 0 || second > end || second === first + 1 || second + 1 === end) {
      return notARequest(text);
    }
    const version = text.slice(second + 1, end);
    if (version !== "ICAP/1.0") {
      if (/[ \t]/.test(version)) return notARequest(text);
      const isIcap = VERSION.test(version);
      return icapError(isIcap ? "ICAP_ERR_VERSION" : "ICAP_ERR_VERSION_SYNTAX", wordOf(version));
    }
    const method = text.slice(0, first);
    if (!TOKEN.test(method)) return notARequest(text);
    draft.method = method;
    return this.#takeTarget(draft, text.slice(first + 1, second));
  }

  #takeTarget(draft: HeadDraft, target: string): IcapError | undefined {
    if (target !== this.#lastTarget) {
      const uri = parseServiceUri(target, this.#leniency.relativeUri);
      if (uri === undefined) return icapError("ICAP_ERR_URI", shown(target));
      this.#lastUri = uri;
      this.#lastTarget = target;
    }
    draft.uri = this.#lastUri;
    return undefined;
  }

  #takeField(draft: HeadDraft, text: string, start: number, end: number): IcapError | undefined {
    const colon = text.indexOf(":", start);
    if (colon < 0 || colon >= end) {
      return icapError("ICAP_ERR_FIELD_SYNTAX", "without a colon");
    }
    let name = text.slice(start, colon);
    if (this.#leniency.spaceBeforeColon) name = name.trimEnd();
    if (!TOKEN.test(name)) return icapError("ICAP_ERR_FIELD_SYNTAX", wordOf(name));
    draft.fields.push(name, trimField(text, colon + 1, end));
    return undefined;
  }

  /** The head is complete: what its fields say together. */
  #finish(draft: HeadDraft): IcapRequest | IcapError {
    const known = new KnownFields();
    const { fields } = draft;
    for (let i = 0; i < fields.length; i += 2) {
      const error = known.take(fields[i] as string, fields[i + 1] as string);
      if (error !== undefined) return error;
    }
    if (known.host === undefined && !this.#leniency.missingHost) return icapError("ICAP_ERR_HOST");
    const { method } = draft;
    if (!isMethod(method)) return unknownMethod(method, known.encapsulated);
    const previewBytes = this.#previewBytes(known.preview);
    if (typeof previewBytes !== "number") return previewBytes;
    const encapsulated = this.#encapsulated(method, known.encapsulated);
    if (isIcapError(encapsulated)) return encapsulated;
    return {
      method,
      uri: draft.uri,
      fields,
      encapsulated,
      previewBytes,
      allows204: known.allow !== undefined && listHas(known.allow, "204"),
      allows206: known.allow !== undefined && listHas(known.allow, "206"),
      closes: known.connection !== undefined && listHas(known.connection, "close"),
    };
  }

  #previewBytes(value: string | undefined): number | IcapError {
    if (value === undefined) return -1;
    const bytes = DECIMAL.test(value) ? Number(value) : Number.POSITIVE_INFINITY;
    return bytes > this.#limits.previewBytes ? icapError("ICAP_ERR_PREVIEW", shown(value)) : bytes;
  }

  #encapsulated(method: Method, value: string | undefined): Encapsulated | IcapError {
    if (value !== undefined) return parseEncapsulated(value, method, this.#limits, this.#leniency);
    // Squid's OPTIONS has none (clients.md §5.1); the others must say where their sections are.
    if (method === Method.Options) return NOTHING_ENCAPSULATED;
    return icapError("ICAP_ERR_ENCAPSULATED_MISSING", method);
  }
}

const SPACE = 0x20;
const TAB = 0x09;
const CARRIAGE_RETURN = 0x0d;

/** What the lines read so far amount to. */
class HeadDraft {
  /** The text holds something that makes a line-by-line check worthwhile. */
  readonly suspect: boolean;
  fields: string[] = [];
  fieldLines = 0;
  method = "";
  uri: ServiceUri = { path: "/", query: "" };

  constructor(suspect: boolean) {
    this.suspect = suspect;
  }

  /** A folded line: it goes on the value before it. */
  fold(line: string): IcapError | undefined {
    if (this.fields.length === 0) return icapError("ICAP_ERR_FIELD_SYNTAX", "that goes on none");
    foldInto(this.fields, line.trim());
    return undefined;
  }
}

/** The fields that steer the wire, each at most once or repeated without contradiction. */
class KnownFields {
  host: string | undefined;
  allow: string | undefined;
  preview: string | undefined;
  connection: string | undefined;
  encapsulated: string | undefined;

  take(name: string, value: string): IcapError | undefined {
    switch (name.length) {
      case 4:
        return this.#takeHost(name, value);
      case 5:
        if (isNamed(name, "Allow")) this.allow = join(this.allow, value);
        return undefined;
      case 7:
        return this.#takePreview(name, value);
      case 10:
        if (isNamed(name, "Connection")) this.connection = join(this.connection, value);
        return undefined;
      case 12:
        return this.#takeEncapsulated(name, value);
      default:
        return undefined;
    }
  }

  #takeHost(name: string, value: string): IcapError | undefined {
    if (!isNamed(name, "Host")) return undefined;
    const contradicts = this.host !== undefined && this.host !== value;
    this.host = value;
    return contradicts ? icapError("ICAP_ERR_HOST", shown(value)) : undefined;
  }

  #takePreview(name: string, value: string): IcapError | undefined {
    if (!isNamed(name, "Preview")) return undefined;
    const contradicts = this.preview !== undefined && this.preview !== value;
    this.preview = value;
    return contradicts ? icapError("ICAP_ERR_PREVIEW", shown(value)) : undefined;
  }

  #takeEncapsulated(name: string, value: string): IcapError | undefined {
    if (!isNamed(name, "Encapsulated")) return undefined;
    const contradicts = this.encapsulated !== undefined && this.encapsulated !== value;
    this.encapsulated = value;
    return contradicts ? icapError("ICAP_ERR_ENCAPSULATED_SYNTAX", shown(value)) : undefined;
  }
}

/** In any case; nearly every client writes the usual one. */
function isNamed(name: string, usual: string): boolean {
  return name === usual || name.toLowerCase() === usual.toLowerCase();
}

function join(before: string | undefined, value: string): string {
  return before === undefined ? value : `${before},${value}`;
}

function isMethod(method: string): method is Method {
  return method === Method.Reqmod || method === Method.Respmod || method === Method.Options;
}

/** 501. The connection stays usable only when it is certain that nothing follows the head. */
function unknownMethod(method: string, encapsulated: string | undefined): IcapError {
  const nothingFollows = encapsulated === undefined || /^null-body=0$/i.test(encapsulated);
  return { ...icapError("ICAP_ERR_METHOD", shown(method)), closes: !nothingFollows };
}

/** No more than a word as protocols begin, such as `GET`: it may be a body that lost its place. */
function notARequest(text: string): IcapError {
  const isTls = text.startsWith("\x16\x03");
  const [word] = /^[A-Z]{2,16}(?=[ /-])/.exec(text) ?? [];
  return icapError("ICAP_ERR_REQUEST_LINE", isTls ? "(TLS)" : word && shown(word));
}

/** What a line begins with, if that looks like a name and no value: `Host`, `HTTP/1.1`. */
function wordOf(line: string): string {
  const [word] = /^[A-Za-z][\w-]{0,31}(?:\/[\d.]{1,8})?(?![^\s:])/.exec(line) ?? [];
  return word === undefined ? "" : shown(word);
}

/** Line ends and control characters, looked for only when the whole text holds any. */
function lineFault(
  draft: HeadDraft,
  text: string,
  start: number,
  lineFeed: number,
): IcapError | undefined {
  if (text.charCodeAt(lineFeed - 1) !== CARRIAGE_RETURN) {
    return icapError("ICAP_ERR_LINE_END", "LF");
  }
  if (!draft.suspect) return undefined;
  const line = text.slice(start, lineFeed - 1);
  if (line.includes("\r")) return icapError("ICAP_ERR_LINE_END", "CR");
  if (!CONTROL.test(line)) return undefined;
  // Not the value: it may be a password.
  const name = start === 0 ? "the request line" : wordOf(line);
  return icapError("ICAP_ERR_CONTROL_CHARACTER", name || "a field");
}

/** A field value without the white space around it; most have exactly one space before. */
function trimField(text: string, start: number, end: number): string {
  let from = start;
  let to = end;
  while (from < to && isBlank(text.charCodeAt(from))) from++;
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--;
  return text.slice(from, to);
}

/** Whether a body follows the encapsulated heads. */
export function hasBody(encapsulated: Encapsulated): boolean {
  return encapsulated.body !== BodyKind.None;
}

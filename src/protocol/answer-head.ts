import { type Status, statusLine } from "./status.ts";

/** `100 Continue`: all that Squid, c-icap-client and F5 read of it (RFC 3507 §4.5). */
export const CONTINUE = `${statusLine(100)}\r\n`;

/** What closes a chunked body. */
export const LAST_CHUNK = "0\r\n\r\n";

/** `Encapsulated` of an answer without HTTP parts. */
export const NULL_BODY = "null-body=0";

/** Ends a body of which the rest is the client's own from `offset` on (draft-icap-ext-partial-content). */
export function useOriginalBody(offset: number): string {
  return `0; use-original-body=${offset}\r\n\r\n`;
}

/** The parts of an answer's head beside its status. */
export interface AnswerHead {
  /** Quoted (RFC 3507 §4.7), made by `quoteIstag`. */
  readonly istag: string;
  /** RFC 1123 date. */
  readonly date: string;
  /** The connection ends behind this answer. */
  readonly closes: boolean;
  /** Further fields, each with its CRLF, of characters checked by whoever made them. */
  readonly fields: string;
  /** Value of `Encapsulated`: always the last field, since ownCloud stops reading there. */
  readonly encapsulated: string;
}

/** The head of an ICAP answer, with its blank line. */
export function answerHead(status: Status, head: AnswerHead): string {
  return (
    `${statusLine(status)}ISTag: ${head.istag}\r\nDate: ${head.date}\r\n` +
    `Connection: ${head.closes ? "close" : "keep-alive"}\r\n` +
    `${head.fields}Encapsulated: ${head.encapsulated}\r\n\r\n`
  );
}

/** The `Encapsulated` value of an answer with one HTTP head of `headBytes` bytes. */
export function encapsulatedValue(
  part: "req" | "res",
  headBytes: number,
  hasBody: boolean,
): string {
  const body = hasBody ? `${part}-body` : "null-body";
  return headBytes === 0 ? `${body}=0` : `${part}-hdr=0, ${body}=${headBytes}`;
}

/** A chunk's size line. */
export function chunkSizeLine(bytes: number): string {
  return `${bytes.toString(16)}\r\n`;
}

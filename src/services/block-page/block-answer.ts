import type { BlockPage } from "./block-page.ts";
import { httpStatusLine } from "./block-status.ts";

export interface BlockAnswerOptions {
  /** Value of `Date`: an HTTP date (RFC 9110 §5.6.7). */
  readonly date: string;
  /** Name of this server in `Via`: a token or host:port, from the settings. */
  readonly via: string;
  /** True when the HTTP method was HEAD: same head, no body. */
  readonly bodyless: boolean;
}

/** The HTTP response that is put in place of the message, for REQMOD and RESPMOD alike. */
export interface BlockAnswer {
  /** Status line, fields and the empty line: the section `res-hdr` of the ICAP answer. */
  readonly head: Buffer;
  /** The section `res-body`; when undefined the answer has `null-body` in its place. */
  readonly body: Buffer | undefined;
}

/**
 * The page as HTTP/1.1 response. It carries no field about a connection (RFC 3507 §4.4.2): the
 * ICAP client frames it for whoever it serves.
 */
export function blockAnswer(page: BlockPage, options: BlockAnswerOptions): BlockAnswer {
  const head = `${httpStatusLine(page.status)}Date: ${options.date}\r\nVia: ICAP/1.0 ${options.via}\r\n${page.headers}Content-Length: ${page.body.length}\r\n\r\n`;
  return {
    head: Buffer.from(head, "latin1"),
    body: options.bodyless ? undefined : page.body,
  };
}

import type { HttpReplacement } from "../outcome.ts";
import type { BlockPage } from "./block-page.ts";
import { httpStatusLine } from "./block-status.ts";

export interface BlockAnswerOptions {
  /** Value of `Date`: an HTTP date (RFC 9110 §5.6.7). */
  readonly date: string;
  /** This server in `Via`: a pseudonym (token) or `host:port`. */
  readonly via: string;
  /** True when the HTTP method was HEAD: the same head, no body. */
  readonly bodyless: boolean;
}

/**
 * The page as HTTP/1.1 response, for REQMOD (RFC 3507 §4.8.2) and RESPMOD (§4.9.2) alike. It has no
 * field about a connection (§4.4.2): the ICAP client frames it for whoever it serves.
 */
export function blockAnswer(page: BlockPage, options: BlockAnswerOptions): HttpReplacement {
  return {
    head:
      httpStatusLine(page.status) +
      `Date: ${options.date}\r\n` +
      // RFC 3507 §4.4.2: who makes an encapsulated head names itself, with the protocol ICAP/1.0.
      `Via: ICAP/1.0 ${options.via}\r\n` +
      page.headers +
      // Of a HEAD request too: what GET would have had (RFC 9110 §8.6).
      `Content-Length: ${page.body.length}\r\n\r\n`,
    body: options.bodyless ? undefined : page.body,
  };
}

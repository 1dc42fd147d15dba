/** HTTP status of a block page: 400 to 599. */
export type BlockStatus = number;

const reasonPhrases: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  406: "Not Acceptable",
  409: "Conflict",
  410: "Gone",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  422: "Unprocessable Content",
  429: "Too Many Requests",
  451: "Unavailable For Legal Reasons",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};

/** `HTTP/1.1 403 Forbidden`, with its line end. Nextcloud looks for the words `403 Forbidden`. */
export function httpStatusLine(status: BlockStatus): string {
  return `HTTP/1.1 ${status} ${reasonPhrases[status] ?? "Blocked"}\r\n`;
}

/**
 * The status, when a page may have it. RFC 3507 §4.8.2 lets REQMOD answer with error responses
 * only, and a page under 200 would be taken, and cached, for what was asked for.
 */
export function errorStatus(status: BlockStatus): BlockStatus {
  if (Number.isInteger(status) && status >= 400 && status <= 599) return status;
  throw new RangeError(`status ${status} of the block page is not in 400 to 599`);
}

// Error classes only: RFC 3507 §4.8.2 lets REQMOD answer with a response for nothing else, and a
// page under 200 would be taken, and cached, for what was asked for.
const reasonPhrases = {
  403: "Forbidden",
  404: "Not Found",
  406: "Not Acceptable",
  410: "Gone",
  422: "Unprocessable Content",
  451: "Unavailable For Legal Reasons",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
} as const;

/** The HTTP statuses that a block page may have. */
export type BlockStatus = keyof typeof reasonPhrases;

export const blockStatuses: readonly BlockStatus[] = Object.keys(reasonPhrases).map(
  (status) => Number(status) as BlockStatus,
);

/** `HTTP/1.1 403 Forbidden`, with its line end. Nextcloud looks for the words `403 Forbidden`. */
export function httpStatusLine(status: BlockStatus): string {
  return `HTTP/1.1 ${status} ${reasonPhrases[status]}\r\n`;
}

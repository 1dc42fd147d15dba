/**
 * The ICAP status codes that Sluice sends, with their reason phrases. Clients parse the phrase
 * (Nextcloud reads four values with sscanf), so it is never left out.
 */
export const REASON_PHRASES = {
  100: "Continue",
  200: "OK",
  204: "No Content",
  206: "Partial Content",
  400: "Bad Request",
  403: "Forbidden",
  404: "ICAP Service not found",
  405: "Method Not Allowed For Service",
  408: "Request Timeout",
  418: "Bad Composition",
  500: "Internal Server Error",
  501: "Method Not Implemented",
  503: "Service Overloaded",
  505: "ICAP Version Not Supported",
} as const;

export type Status = keyof typeof REASON_PHRASES;

/** `ICAP/1.0 204 No Content`, with its line end (RFC 3507 §4.3.3). */
export function statusLine(status: Status): string {
  return `ICAP/1.0 ${status} ${REASON_PHRASES[status]}\r\n`;
}

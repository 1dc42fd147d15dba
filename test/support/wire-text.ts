/** Header lines as they go on the wire, with the blank line at the end. */
export function head(...lines: readonly string[]): string {
  return `${lines.map((line) => `${line}\r\n`).join("")}\r\n`;
}

/** One chunk of a body; the text is Latin-1, as everything that these tests put on the wire. */
export function chunk(data: string): string {
  return `${data.length.toString(16)}\r\n${data}\r\n`;
}

export const lastChunk = "0\r\n\r\n";

/** Ends a preview that was the whole body (RFC 3507 §4.5). */
export const endOfPreviewedBody = "0; ieof\r\n\r\n";

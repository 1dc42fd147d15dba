const NAMES: Readonly<Record<string, string>> = {
  "\r": "\\r",
  "\n": "\\n",
  "\t": "\\t",
  "\\": "\\\\",
};
const BYTES = new Map([
  ...Object.entries(NAMES).map(([byte, name]) => [name, byte] as const),
  ["\\0", "\0"],
]);

/** Bytes (as Latin-1 text) as text that shows each of them: printable ASCII as it is, the rest escaped. */
export function visible(bytes: string): string {
  return bytes.replace(
    /[^\x20-\x7e]|\\/g,
    (byte) => NAMES[byte] ?? `\\x${byte.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}

/**
 * The bytes that `visible` shows; the text may be broken into lines anywhere between two of them.
 *
 * @throws at an escape that is none
 */
export function bytesOfVisible(text: string): Buffer {
  const bytes = text
    .replaceAll("\n", "")
    .replace(/\\(?:x([0-9a-f]{2})|.)/g, (escaped, hex: string | undefined) => {
      const byte = hex === undefined ? BYTES.get(escaped) : String.fromCharCode(Number(`0x${hex}`));
      if (byte === undefined) throw new Error(`no such escape: ${escaped}`);
      return byte;
    });
  return Buffer.from(bytes, "latin1");
}

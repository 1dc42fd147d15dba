/** The value of a name in the text of a dictionary, as far as the patterns here go. */
export function numberOf(dictionary: string, name: string): number | undefined {
  const [, digits] = new RegExp(`/${name}\\s+(-?\\d+)(?!\\s+\\d+\\s+R)`).exec(dictionary) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/** A string of a dictionary, in either of its forms. */
export function stringOf(dictionary: string, name: string): Buffer | undefined {
  const found = new RegExp(`/${name}\\s*(?=[(<])`).exec(dictionary);
  return found === null ? undefined : stringAt(dictionary, found.index + found[0].length);
}

/** The string that begins here: `<hexadecimal>` or `(letters)`. */
export function stringAt(text: string, start: number): Buffer {
  if (text[start] === "<") {
    const digits = text.slice(start + 1, text.indexOf(">", start));
    return Buffer.from(digits.replace(/\s+/g, ""), "hex");
  }
  const bytes: number[] = [];
  let depth = 0;
  for (const [token] of text.slice(start).matchAll(letters)) {
    if (token === "(") depth += 1;
    if (token === ")") depth -= 1;
    if (depth === 0) break;
    const isOuter = token === "(" && depth === 1 && bytes.length === 0;
    if (!isOuter) bytes.push(...bytesOf(token));
  }
  return Buffer.from(bytes);
}

const letters = /\\[0-7]{1,3}|\\\r?\n|\\[\s\S]|[\s\S]/g;
const escapes: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, b: 8, f: 12 };

function bytesOf(token: string): number[] {
  if (!token.startsWith("\\")) return [token.charCodeAt(0)];
  const escaped = token.slice(1);
  if (/^[0-7]/.test(escaped)) return [Number.parseInt(escaped, 8) & 0xff];
  if (/^\r?\n/.test(escaped)) return [];
  return [escapes[escaped] ?? escaped.charCodeAt(0)];
}

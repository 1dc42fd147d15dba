// Characters that change how their neighbours are shown, or are not shown at all: they make
// "exe.gnp" out of "png.exe", or hide half of a name. Left alone are the format characters that
// people write with: the joiners (U+200C, U+200D) of Persian, Indic scripts and emoji, and the
// number and verse signs of Arabic and Syriac.
const writtenFormat = /\u200c|\u200d|[\u0600-\u0605\u06dd\u070f\u08e2]/;
const deceptive = new RegExp(
  `(?!${writtenFormat.source})[\\p{Cc}\\p{Cf}\\p{Co}\\p{Noncharacter_Code_Point}]`,
  "gu",
);
const whitespace = /[\s\u0085]+/gu;
// More marks on one letter than any language writes, drawn over the lines above and below.
const stackedMarks = /(\p{M}{8})\p{M}+/gu;
// What a plain ASCII text must hold to need the work above.
const plain = /^[\x21-\x7e]+(?: [\x21-\x7e]+)*$/;

const ellipsis = "…";

/**
 * Makes text from outside fit to be shown on one line: white space collapsed; control characters,
 * bidirectional overrides, invisible characters and lone surrogates replaced by U+FFFD; at most
 * `maxLength` UTF-16 units, cut in the middle, so that the end of a file name (its extension) stays.
 * It does not escape: that is the work of the format it is put into.
 */
export function displayedText(value: string, maxLength: number): string {
  if (value.length <= maxLength && plain.test(value)) return value;
  // What is far too long is cut before it costs anything.
  const bounded = cutMiddle(value, maxLength * 4);
  const cleaned = bounded
    .toWellFormed()
    .replace(whitespace, " ")
    .replace(deceptive, "\ufffd")
    .replace(stackedMarks, "$1")
    .trim();
  return cutMiddle(cleaned, maxLength);
}

function cutMiddle(value: string, maxLength: number): string {
  if (value.length <= maxLength) return value;
  const tail = Math.floor((maxLength - 1) / 3);
  const head = maxLength - 1 - tail;
  const start = value
    .slice(0, head)
    .toWellFormed()
    .replace(/\ufffd$/, "");
  const end = value
    .slice(value.length - tail)
    .toWellFormed()
    .replace(/^\ufffd/, "");
  return `${start}${ellipsis}${end}`;
}

/**
 * An address as it is shown: without user information, query and fragment, which may hold secrets
 * that the reader is about to send to a help desk; `?…` says that there was a query.
 */
export function displayedAddress(url: string, maxLength: number): string {
  const end = url.search(/[?#]/);
  const bare = end === -1 ? url : `${url.slice(0, end)}${url[end] === "?" ? `?${ellipsis}` : ""}`;
  return displayedText(bare.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/]*@/i, "$1"), maxLength);
}

/** What a secret is replaced with. */
const REDACTED = "[redacted]";
/** Shorter ones are in every text by chance. */
const SHORTEST = 4;
/** Longer ones are tokens in Base64, of which writers escape the signs alone, and all of them. */
const LONGEST_ESCAPED = 512;

/**
 * Takes secrets out of whatever comes back from a vendor, before anything looks at it: an answer
 * may echo the request's headers or the URL. So no expression, verdict, job, log and error can
 * hold them.
 */
export class Redactor {
  readonly #forms: readonly string[];
  /** The same, with any of their characters escaped. */
  readonly #escaped: readonly RegExp[];

  /** @param secrets as they are and as they are sent, such as the value of `Authorization` */
  constructor(secrets: Iterable<string>) {
    const all = [...secrets];
    const forms = all.flatMap(formsOf).filter((form) => form.length >= SHORTEST);
    // The longest first: one secret may be a part of another.
    this.#forms = [...new Set(forms)].sort(longestFirst);
    const escaped = all.filter(({ length }) => length >= SHORTEST && length <= LONGEST_ESCAPED);
    this.#escaped = [...new Set(escaped)]
      .sort(longestFirst)
      .map((secret) => new RegExp([...secret].map(anyFormOf).join(""), "g"));
  }

  redact(answer: string): string {
    let redacted = answer;
    for (const form of this.#forms) {
      if (redacted.includes(form)) redacted = redacted.replaceAll(form, REDACTED);
    }
    if (!/[\\%&]/.test(redacted)) return redacted;
    return this.#escaped.reduce((rest, pattern) => rest.replace(pattern, REDACTED), redacted);
  }
}

const longestFirst = (one: string, other: string): number => other.length - one.length;

const ENTITIES = new Map([
  ["&", "amp"],
  ["<", "lt"],
  [">", "gt"],
  ['"', "quot"],
  ["'", "apos"],
]);

/**
 * A character as it is, or as a writer of JSON, URLs or HTML may have escaped it: which ones they
 * escape differs (`+` is `\u002B` in what .NET writes), and so does the case of their digits. Each
 * alternative begins otherwise than the others, so a text is read once, whatever it holds.
 */
function anyFormOf(character: string): string {
  const inJson = [...Array(character.length).keys()]
    .map((at) => `\\\\u${anyCase(hexOf(character.charCodeAt(at), 4))}`)
    .join("");
  const inUrl = [...Buffer.from(character)].map((byte) => `%${anyCase(hexOf(byte, 2))}`).join("");
  const codePoint = character.codePointAt(0) ?? 0;
  const inHtml = `&#(?:0{0,6}${codePoint}|[xX]0{0,6}${anyCase(hexOf(codePoint))});`;
  const plain = `\\\\?${character.replace(/[\\^$.*+?()[\]{}|]/, "\\$&")}`;
  const name = ENTITIES.get(character);
  const forms = [plain, inJson, inUrl, inHtml];
  return `(?:${[...forms, ...(name === undefined ? [] : [`&${anyCase(name)};`])].join("|")})`;
}

function hexOf(code: number, digits = 1): string {
  return code.toString(16).padStart(digits, "0");
}

/** A pattern of letters and digits in whatever case. */
function anyCase(text: string): string {
  return text.replace(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`);
}

/** A secret as it may come back: escaped for JSON, for a URL, for HTML, or in Base64. */
function formsOf(secret: string): string[] {
  const inJson = JSON.stringify(secret).slice(1, -1);
  return [
    secret,
    inJson,
    inJson.replaceAll("/", "\\/"),
    secret.replace(/[+/]/g, (sign) => `\\u00${hexOf(sign.charCodeAt(0), 2).toUpperCase()}`),
    secret.replaceAll("+", "\\u002B"),
    encodeURIComponent(secret.toWellFormed()),
    new URLSearchParams([["", secret]]).toString().slice(1),
    secret.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;"),
    Buffer.from(secret).toString("base64"),
    Buffer.from(secret).toString("base64url"),
  ];
}

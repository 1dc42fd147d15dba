/** What a secret is replaced with. */
const REDACTED = "[redacted]";
/** Shorter ones are in every text by chance. */
const SHORTEST = 4;
/** Longer ones are tokens in Base64, of which no writer escapes a character. */
const LONGEST_ESCAPED = 512;

/**
 * Takes secrets out of whatever comes back from a vendor, before anything looks at it: an answer
 * may echo the request's headers or the URL. So no expression, verdict, job, log and error can
 * hold them.
 */
export class Redactor {
  readonly #forms: readonly string[];
  /** The same, with any of their characters escaped. */
  readonly #escaped: readonly { readonly plain: string; readonly pattern: RegExp }[];

  /** @param secrets as they are and as they are sent, such as the value of `Authorization` */
  constructor(secrets: Iterable<string>) {
    const all = [...secrets];
    const forms = all.flatMap(formsOf).filter((form) => form.length >= SHORTEST);
    // The longest first: one secret may be a part of another.
    this.#forms = [...new Set(forms)].sort((one, other) => other.length - one.length);
    this.#escaped = all
      .filter(({ length }) => length >= SHORTEST && length <= LONGEST_ESCAPED)
      .map((secret) => ({
        plain: unescaped(secret),
        pattern: new RegExp([...secret].map(anyFormOf).join(""), "gi"),
      }));
  }

  redact(answer: string): string {
    let redacted = answer;
    for (const form of this.#forms) {
      if (redacted.includes(form)) redacted = redacted.replaceAll(form, REDACTED);
    }
    if (!/[\\%&]/.test(redacted)) return redacted;
    // The patterns are slow, and an answer that holds a secret is rare.
    const text = unescaped(redacted);
    return this.#escaped
      .filter(({ plain }) => text.includes(plain))
      .reduce((rest, { pattern }) => rest.replace(pattern, REDACTED), redacted);
  }
}

const ESCAPES =
  /\\u([0-9a-f]{4})|\\(.)|((?:%[0-9a-f]{2})+)|&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(amp|lt|gt|quot|apos));/gi;

/** Every escape of JSON, URLs and HTML undone, whichever of them the text is, and no backslash left. */
function unescaped(text: string): string {
  return text.replace(ESCAPES, unescapedPart).replaceAll("\\", "");
}

function unescapedPart(whole: string, ...found: (string | undefined)[]): string {
  const [unit, next, octets, decimal, hex, name] = found;
  if (unit !== undefined) return String.fromCharCode(Number.parseInt(unit, 16));
  if (octets !== undefined) return Buffer.from(octets.replaceAll("%", ""), "hex").toString();
  if (name !== undefined) return NAMED[name.toLowerCase()] ?? whole;
  const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
  return next ?? (code <= 0x10ffff ? String.fromCodePoint(code) : whole);
}

const NAMED: Readonly<Record<string, string>> = {
  ...{ amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" },
};
const ENTITIES = new Map(Object.entries(NAMED).map(([name, sign]) => [sign, `&${name};`]));

/**
 * A character as it is, or as a writer of JSON, URLs or HTML may have escaped it: which ones they
 * escape differs (`+` is `\u002B` in what .NET writes), and so does the case of their digits.
 */
function anyFormOf(character: string): string {
  const inJson = [...Array(character.length).keys()]
    .map((at) => `\\\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`)
    .join("");
  const inUrl = [...Buffer.from(character)]
    .map((byte) => `%${byte.toString(16).padStart(2, "0")}`)
    .join("");
  const codePoint = character.codePointAt(0) ?? 0;
  const inHtml = `&#(?:0{0,6}${codePoint}|x0{0,6}${codePoint.toString(16)});`;
  const plain = `\\\\?${character.replace(/[\\^$.*+?()[\]{}|]/, "\\$&")}`;
  const entity = ENTITIES.get(character);
  return `(?:${[plain, inJson, inUrl, inHtml, ...(entity === undefined ? [] : [entity])].join("|")})`;
}

/** A secret as it may come back: escaped for JSON, for a URL, for HTML, or in Base64. */
function formsOf(secret: string): string[] {
  const inJson = JSON.stringify(secret).slice(1, -1);
  return [
    secret,
    inJson,
    inJson.replaceAll("/", "\\/"),
    encodeURIComponent(secret.toWellFormed()),
    new URLSearchParams([["", secret]]).toString().slice(1),
    secret.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;"),
    Buffer.from(secret).toString("base64"),
    Buffer.from(secret).toString("base64url"),
  ];
}

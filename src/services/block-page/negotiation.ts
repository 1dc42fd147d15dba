import Negotiator from "negotiator";

export const PageFormat = { Html: "html", Json: "json", Text: "text" } as const;
export type PageFormat = (typeof PageFormat)[keyof typeof PageFormat];

// In the order of our own preference, which decides between types that the client likes equally.
const formatByType: Readonly<Record<string, PageFormat>> = {
  "text/html": PageFormat.Html,
  "application/problem+json": PageFormat.Json,
  "application/json": PageFormat.Json,
  "text/plain": PageFormat.Text,
};
const offeredTypes = Object.keys(formatByType);

// Browsers send 140 characters and half a dozen languages; what comes after these is not looked at.
const maxHeaderLength = 512;
const maxLanguages = 16;

// A client that wants some vendor's JSON ("application/vnd.npm.install-v1+json") reads a JSON answer.
const structuredJson = /application\/[\w.-]+\+json/gi;

/**
 * The form of the page for a request's Accept (RFC 9110 §12.5.1): HTML unless the client ranks
 * JSON or plain text higher. A client that accepts none of them gets HTML, never a 406.
 */
export function negotiateFormat(accept: string | undefined): PageFormat {
  if (accept === undefined || accept === "*/*") return PageFormat.Html;
  const ranked = rank("accept", accept.replace(structuredJson, "application/problem+json"));
  return formatByType[ranked[0] ?? ""] ?? PageFormat.Html;
}

/**
 * The language tags of an Accept-Language, the most wanted first, those with q=0 left out
 * (RFC 9110 §12.5.4).
 */
export function acceptedLanguages(acceptLanguage: string | undefined): readonly string[] {
  return acceptLanguage === undefined ? [] : rank("accept-language", acceptLanguage);
}

function rank(header: "accept" | "accept-language", value: string): readonly string[] {
  const negotiator = new Negotiator({ headers: { [header]: wholeItems(value) } });
  return header === "accept"
    ? negotiator.mediaTypes(offeredTypes)
    : negotiator.languages().slice(0, maxLanguages);
}

/** A list cut to a length that is cheap to read, after a whole item. */
function wholeItems(list: string): string {
  if (list.length <= maxHeaderLength) return list;
  return list.slice(0, Math.max(0, list.lastIndexOf(",", maxHeaderLength)));
}

/** Finds the texts for a reader among those that there are. */
export class LanguageMatcher<T extends { readonly language: string }> {
  readonly #byKey: ReadonlyMap<string, T>;
  readonly #fallback: T;

  /**
   * The fallback is for readers of none of the languages. A later entry replaces an earlier one of
   * the same language and script.
   */
  constructor(available: readonly T[], fallbackLanguage: string) {
    this.#byKey = new Map(available.map((entry) => [languageKey(entry.language) ?? "", entry]));
    const fallback = this.#byKey.get(languageKey(fallbackLanguage) ?? "");
    if (fallback === undefined) throw new RangeError(`no texts in language "${fallbackLanguage}"`);
    this.#fallback = fallback;
  }

  match(acceptLanguage: string | undefined): T {
    for (const tag of acceptedLanguages(acceptLanguage)) {
      const key = languageKey(tag);
      const found = key === undefined ? undefined : this.#byKey.get(key);
      if (found !== undefined) return found;
    }
    return this.#fallback;
  }
}

/**
 * Language and script of a tag, the script as CLDR's likely subtags fill it in. This is the Lookup
 * of RFC 4647 §3.4 with the one difference that a region does not lead to the wrong script: zh-SG
 * is `zh-Hans`, while zh-TW is `zh-Hant` and does not get simplified characters.
 */
function languageKey(tag: string): string | undefined {
  try {
    const locale = new Intl.Locale(tag).maximize();
    return `${locale.language}-${locale.script}`;
  } catch {
    return undefined; // "*" and what is no language tag
  }
}

import { type BlockStatus, errorStatus } from "./block-status.ts";
import type { Contact } from "./contact.ts";
import { builtInTemplate, type HtmlTemplate } from "./html-template.ts";
import { LanguageMatcher, negotiateFormat, PageFormat } from "./negotiation.ts";
import { type Page, pageContact } from "./page.ts";
import { type BlockInfo, pageFacts } from "./page-facts.ts";
import { isFailure, isUnchecked, type PageReason, pageReason } from "./page-reason.ts";
import { builtInTexts, type PageTexts } from "./page-texts.ts";
import { plainText } from "./plain-text.ts";
import { problemJson } from "./problem-json.ts";

export interface BlockPageOptions {
  /** HTTP status of a page. Default 403. */
  readonly status?: BlockStatus;
  /** HTTP status where the check did not take place (error, timeout, pending). Default: `status`. */
  readonly failureStatus?: BlockStatus;
  /** Whom the reader may tell. */
  readonly contact?: Contact | undefined;
  /** Replaces the page that Sluice brings along. */
  readonly template?: HtmlTemplate | undefined;
  /** More languages, or other texts for those that there are. */
  readonly texts?: readonly PageTexts[];
  /** Language for readers of none that there is. Default `en`. */
  readonly fallbackLanguage?: string;
}

/** The fields of the HTTP request that the form of its page depends on. */
export interface PagePreferences {
  readonly accept: string | undefined;
  readonly acceptLanguage: string | undefined;
}

/** A page, before it becomes bytes of an HTTP response (`blockAnswer`). */
export interface BlockPage {
  readonly status: BlockStatus;
  readonly contentType: string;
  readonly contentLanguage: string;
  /** All header fields but `Date`, `Via` and `Content-Length`, each line ended by CRLF. */
  readonly headers: string;
  readonly body: Buffer;
}

const contentTypes: Readonly<Record<PageFormat, string>> = {
  [PageFormat.Html]: "text/html; charset=utf-8",
  // RFC 9457; JSON is UTF-8 without a parameter that says so.
  [PageFormat.Json]: "application/problem+json",
  [PageFormat.Text]: "text/plain; charset=utf-8",
};

/** One language: what its pages have in common, made once. */
class Edition {
  readonly language: string;
  readonly texts: PageTexts;
  readonly headers: Readonly<Record<PageFormat, string>>;
  readonly #template: HtmlTemplate;
  readonly #html = new Map<PageReason, (own: object) => string>();

  constructor(texts: PageTexts, template: HtmlTemplate) {
    this.language = texts.language;
    this.texts = texts;
    this.#template = template;
    const headers = (format: PageFormat): string =>
      headerBlock(format, texts.language, template.contentSecurityPolicy);
    this.headers = {
      [PageFormat.Html]: headers(PageFormat.Html),
      [PageFormat.Json]: headers(PageFormat.Json),
      [PageFormat.Text]: headers(PageFormat.Text),
    };
  }

  /** The template with the texts for a reason filled in. */
  html(reason: PageReason): (own: object) => string {
    const known = this.#html.get(reason);
    if (known !== undefined) return known;
    const made = this.#template.prepare({
      ...this.texts.reasons[reason],
      reason,
      language: this.texts.language,
      direction: this.texts.direction,
      tone: isUnchecked(reason) ? "caution" : "danger",
      labels: this.texts.labels,
    });
    this.#html.set(reason, made);
    return made;
  }
}

/**
 * Makes block pages. Construction does the work that pages share, and throws a `RangeError` for a
 * status or a language that cannot be; rendering neither throws, waits nor reads anything.
 */
export class BlockPages {
  readonly #status: BlockStatus;
  readonly #failureStatus: BlockStatus;
  readonly #contact: Contact | undefined;
  readonly #editions: LanguageMatcher<Edition>;

  constructor(options: BlockPageOptions = {}) {
    const template = options.template ?? builtInTemplate();
    this.#status = errorStatus(options.status ?? 403);
    this.#failureStatus = errorStatus(options.failureStatus ?? this.#status);
    this.#contact = options.contact;
    this.#editions = new LanguageMatcher(
      [...builtInTexts, ...(options.texts ?? [])].map((texts) => new Edition(texts, template)),
      options.fallbackLanguage ?? "en",
    );
  }

  render(info: BlockInfo, preferences: PagePreferences): BlockPage {
    const format = negotiateFormat(preferences.accept);
    const edition = this.#editions.match(preferences.acceptLanguage);
    const reason = pageReason(info.cause, info.reason);
    const status = info.status ?? (isFailure(reason) ? this.#failureStatus : this.#status);
    const page = {
      reason,
      status,
      direction: info.direction,
      cause: info.cause,
      texts: edition.texts,
      facts: pageFacts(info),
      contact: this.#contact,
    };
    return {
      status,
      contentType: contentTypes[format],
      contentLanguage: edition.language,
      headers: edition.headers[format],
      body: Buffer.from(pageBody(format, page, edition)),
    };
  }
}

function pageBody(format: PageFormat, page: Page, edition: Edition): string {
  switch (format) {
    case PageFormat.Html:
      return edition.html(page.reason)(view(page));
    case PageFormat.Json:
      return problemJson(page);
    case PageFormat.Text:
      return plainText(page);
  }
}

/** What a template sees beside what its edition holds. */
function view(page: Page): object {
  const { facts } = page;
  return {
    ...facts,
    found: facts.threats.length > 0,
    stopped: page.texts.stopped[page.direction],
    contact: pageContact(page),
  };
}

function headerBlock(format: PageFormat, language: string, contentSecurityPolicy: string): string {
  const csp = format === PageFormat.Html ? contentSecurityPolicy : "default-src 'none'";
  return [
    `Content-Type: ${contentTypes[format]}\r\n`,
    `Content-Language: ${language}\r\n`,
    // RFC 3507 §5: a replaced response must not outlive the verdict in anyone's cache.
    "Cache-Control: no-store\r\n",
    "Vary: Accept, Accept-Language\r\n",
    `Content-Security-Policy: ${csp}\r\n`,
    "X-Content-Type-Options: nosniff\r\n",
    "Referrer-Policy: no-referrer\r\n",
  ].join("");
}

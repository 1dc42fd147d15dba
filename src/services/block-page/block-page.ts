import Mustache from "mustache";
import type { BlockStatus } from "./block-status.ts";
import { type Contact, contactLink } from "./contact.ts";
import { builtInTemplate, type HtmlTemplate } from "./html-template.ts";
import { LanguageMatcher, negotiateFormat, PageFormat } from "./negotiation.ts";
import type { Page } from "./page.ts";
import { type BlockInfo, pageFacts } from "./page-facts.ts";
import { isFailure, isUnchecked, PageReason, pageReason } from "./page-reason.ts";
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

/** A language with what its pages have in common, made once. */
interface Edition {
  readonly language: string;
  readonly texts: PageTexts;
  readonly contexts: Readonly<Record<PageReason, InstanceType<typeof Mustache.Context>>>;
  readonly headers: Readonly<Record<PageFormat, string>>;
}

/**
 * Makes block pages. Construction does the work that pages share; rendering one neither waits nor
 * reads anything.
 */
export class BlockPages {
  readonly #status: BlockStatus;
  readonly #failureStatus: BlockStatus;
  readonly #contact: Contact | undefined;
  readonly #template: HtmlTemplate;
  readonly #editions: LanguageMatcher<Edition>;

  constructor(options: BlockPageOptions = {}) {
    this.#status = options.status ?? 403;
    this.#failureStatus = options.failureStatus ?? this.#status;
    this.#contact = options.contact;
    this.#template = options.template ?? builtInTemplate();
    const csp = this.#template.contentSecurityPolicy;
    this.#editions = new LanguageMatcher(
      [...builtInTexts, ...(options.texts ?? [])].map((texts) => edition(texts, csp)),
      options.fallbackLanguage ?? "en",
    );
  }

  render(info: BlockInfo, preferences: PagePreferences): BlockPage {
    const format = negotiateFormat(preferences.accept);
    const { texts, contexts, headers } = this.#editions.match(preferences.acceptLanguage);
    const reason = pageReason(info.cause, info.reason);
    const status = isFailure(reason) ? this.#failureStatus : this.#status;
    const page = {
      reason,
      status,
      direction: info.direction,
      cause: info.cause,
      texts,
      facts: pageFacts(info),
      contact: this.#contact,
    };
    return {
      status,
      contentType: contentTypes[format],
      contentLanguage: texts.language,
      headers: headers[format],
      body: Buffer.from(this.#body(format, page, contexts[reason])),
    };
  }

  #body(format: PageFormat, page: Page, context: InstanceType<typeof Mustache.Context>): string {
    switch (format) {
      case PageFormat.Html:
        return this.#template.render(context.push(view(page)));
      case PageFormat.Json:
        return problemJson(page);
      case PageFormat.Text:
        return plainText(page);
    }
  }
}

/** What a template sees beside what its edition holds. */
function view(page: Page): object {
  const { facts, contact } = page;
  return {
    ...facts,
    found: facts.threats.length > 0,
    stopped: page.texts.stopped[page.direction],
    contact: contact && { label: contact.label, href: contactLink(contact, facts.incident) },
  };
}

function edition(texts: PageTexts, contentSecurityPolicy: string): Edition {
  const contexts = Object.values(PageReason).map((reason) => [
    reason,
    new Mustache.Context({
      ...texts.reasons[reason],
      reason,
      language: texts.language,
      direction: texts.direction,
      tone: isUnchecked(reason) ? "caution" : "danger",
      labels: texts.labels,
    }),
  ]);
  const headers = Object.values(PageFormat).map((format) => [
    format,
    headerBlock(format, texts.language, contentSecurityPolicy),
  ]);
  return {
    language: texts.language,
    texts,
    contexts: Object.fromEntries(contexts),
    headers: Object.fromEntries(headers),
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

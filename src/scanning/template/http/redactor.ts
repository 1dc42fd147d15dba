/** What a secret is replaced with. */
const REDACTED = "[redacted]";
/** Shorter ones are in every text by chance. */
const SHORTEST = 4;

/**
 * Takes secrets out of whatever comes back from a vendor, before anything looks at it: an answer
 * may echo the request's headers or the URL. So no expression, verdict, job, log and error can
 * hold them.
 */
export class Redactor {
  readonly #forms: readonly string[];

  /** @param secrets as they are and as they are sent, such as the value of `Authorization` */
  constructor(secrets: Iterable<string>) {
    const forms = [...secrets].flatMap(formsOf).filter((form) => form.length >= SHORTEST);
    // The longest first: one secret may be a part of another.
    this.#forms = [...new Set(forms)].sort((one, other) => other.length - one.length);
  }

  redact(text: string): string {
    let redacted = text;
    for (const form of this.#forms) {
      if (redacted.includes(form)) redacted = redacted.replaceAll(form, REDACTED);
    }
    return redacted;
  }
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

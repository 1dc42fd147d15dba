/** Whom a reader may tell. Made by `parseContact` from what an administrator set. */
export interface Contact {
  readonly label: string;
  /** Absent when the label says it all: a room, a phone extension. */
  readonly href?: string;
}

const linkable: ReadonlySet<string> = new Set(["http:", "https:", "mailto:", "tel:"]);
// "Service desk <https://help.example.org/>", the form of an address in a mail header.
const labelled = /^([^<>]+)<([^<>]+)>$/;
const mailAddress = /^[^\s@<>:/]+@[^\s@<>:/]+$/;

/**
 * Reads a contact: a mail address, a `mailto:`, `tel:`, `http:` or `https:` URL, either of them in
 * angle brackets after a label, or plain text. Undefined when the brackets hold anything else, such
 * as a `javascript:` URL.
 */
export function parseContact(value: string): Contact | undefined {
  const text = value.trim();
  if (text === "") return undefined;
  const [, label, target] = labelled.exec(text) ?? [];
  if (label !== undefined && target !== undefined) {
    const href = hrefOf(target.trim());
    return href === undefined ? undefined : { label: label.trim(), href };
  }
  const href = hrefOf(text);
  return href === undefined
    ? { label: text }
    : { label: text.replace(/^(mailto|tel):/i, ""), href };
}

function hrefOf(target: string): string | undefined {
  if (mailAddress.test(target)) return `mailto:${target}`;
  if (!URL.canParse(target)) return undefined;
  const url = new URL(target);
  return linkable.has(url.protocol) ? url.href : undefined;
}

/** A contact as a page shows it. */
export interface ShownContact extends Contact {
  /** The address behind the label, where the label does not say it: for paper and for copying. */
  readonly target?: string;
}

export function shownContact(contact: Contact, mailSubject: string): ShownContact {
  const { label, href } = contact;
  if (href === undefined) return contact;
  const target = href.replace(/^(?:mailto|tel):/, "").replace(/\?.*$/, "");
  return {
    label,
    href: withSubject(href, mailSubject),
    ...(target !== label && { target }),
  };
}

/** Puts a subject into the mail that a link opens, unless the administrator chose one. */
function withSubject(href: string, subject: string): string {
  if (!href.startsWith("mailto:") || href.includes("?")) return href;
  return `${href}?subject=${encodeURIComponent(subject)}`;
}

import { type Contact, type ShownContact, shownContact } from "./contact.ts";
import type { PageFacts } from "./page-facts.ts";
import type { PageReason } from "./page-reason.ts";
import type { PageTexts } from "./page-texts.ts";

/** Everything that one page says, whatever its format. */
export interface Page {
  readonly reason: PageReason;
  readonly cause: string;
  readonly status: number;
  readonly direction: "reqmod" | "respmod";
  readonly texts: PageTexts;
  readonly facts: PageFacts;
  readonly contact: Contact | undefined;
}

/** Whom the page names; a mail to them has the incident as its subject. */
export function pageContact({ contact, texts, facts }: Page): ShownContact | undefined {
  return contact && shownContact(contact, `${texts.labels.incident} ${facts.incident}`);
}

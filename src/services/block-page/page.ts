import type { Contact } from "./contact.ts";
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

import { type Page, pageContact } from "./page.ts";

/**
 * The page for programs: a problem document (RFC 9457). `type` is a tag URI (RFC 4151), which the
 * RFC allows and which promises nobody a page behind it.
 */
export function problemJson(page: Page): string {
  const { texts, reason, facts } = page;
  const { title, explanation, advice } = texts.reasons[reason];
  return JSON.stringify({
    type: `tag:icap.sluice.dev,2026:blocked:${reason}`,
    title,
    status: page.status,
    detail: explanation,
    advice,
    reason,
    cause: page.cause,
    direction: page.direction,
    incidentId: facts.incident,
    time: facts.timeIso,
    service: facts.service,
    file: facts.file,
    address: facts.address,
    threats: facts.threats,
    note: facts.note,
    contact: pageContact(page),
  });
}

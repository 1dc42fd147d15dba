import type { ShownContact } from "./contact.ts";
import { type Page, pageContact } from "./page.ts";

/** The page for a terminal or a log. */
export function plainText(page: Page): string {
  const { texts, reason, direction, facts } = page;
  const contact = pageContact(page);
  const { labels } = texts;
  const { title, explanation, advice } = texts.reasons[reason];
  const detail = (name: string, value: string | undefined): string[] =>
    value === undefined ? [] : [`${name}: ${value}`];
  return [
    `${labels.blocked}: ${title}`,
    "",
    texts.stopped[direction],
    explanation,
    ...detail(labels.note, facts.note),
    "",
    advice,
    contact === undefined ? labels.contactUnknown : `${labels.contact} ${written(contact)}`,
    "",
    ...detail(labels.incident, facts.incident),
    ...detail(labels.file, facts.file),
    ...detail(labels.address, facts.address),
    ...facts.threats.flatMap(({ name, path }) =>
      detail(labels.threats, path === undefined ? name : `${name} (${labels.inside} ${path})`),
    ),
    ...detail(labels.time, facts.time),
    ...detail(labels.service, facts.service),
    "",
  ].join("\n");
}

function written({ label, target }: ShownContact): string {
  return target === undefined ? label : `${label} <${target}>`;
}

import type { Page } from "./page.ts";

/** The page for a terminal or a log. */
export function plainText({ texts, reason, direction, facts, contact }: Page): string {
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
    contact === undefined ? labels.contactUnknown : `${labels.contact} ${contact.label}`,
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

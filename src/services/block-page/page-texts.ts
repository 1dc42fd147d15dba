import { z } from "zod";
import { PageReason } from "./page-reason.ts";
import ar from "./texts/ar.json" with { type: "json" };
import de from "./texts/de.json" with { type: "json" };
import en from "./texts/en.json" with { type: "json" };
import es from "./texts/es.json" with { type: "json" };
import fr from "./texts/fr.json" with { type: "json" };
import zhHans from "./texts/zh-hans.json" with { type: "json" };

const sentence = z.string().trim().min(1).max(400);
const label = z.string().trim().min(1).max(100);
const reasonTexts = z.strictObject({ title: label, explanation: sentence, advice: sentence });
const labels = z.strictObject({
  blocked: label,
  advice: label,
  details: label,
  incident: label,
  file: label,
  address: label,
  threats: label,
  inside: label,
  time: label,
  service: label,
  note: label,
  contact: sentence,
  contactUnknown: sentence,
});

/** All texts of the block page in one language: the form of the files in `texts/`. */
export const pageTextsSchema = z.strictObject({
  language: z.string().refine(isLanguageTag, "is not a language tag (BCP 47)"),
  direction: z.enum(["ltr", "rtl"]),
  stopped: z.strictObject({ reqmod: sentence, respmod: sentence }),
  labels,
  reasons: z.record(z.enum(PageReason), reasonTexts),
});
export type PageTexts = z.infer<typeof pageTextsSchema>;

function isLanguageTag(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag)[0] === tag;
  } catch {
    return false;
  }
}

/** The languages that Sluice brings along; the first is the one for readers of none of them. */
export const builtInTexts: readonly PageTexts[] = [en, de, fr, es, ar, zhHans].map((texts) =>
  pageTextsSchema.parse(texts),
);

export type PageTextsResult =
  | { readonly ok: true; readonly texts: PageTexts }
  | { readonly ok: false; readonly problems: readonly string[] };

/** Checks the content of a text file of one's own; all problems are told at once. */
export function parsePageTexts(value: unknown): PageTextsResult {
  const result = pageTextsSchema.safeParse(value);
  if (result.success) return { ok: true, texts: result.data };
  return {
    ok: false,
    problems: result.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`),
  };
}

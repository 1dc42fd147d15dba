/**
 * The page that a person sees in place of what was blocked: in their language, as HTML, JSON or
 * plain text, and as bytes of an HTTP response. Pure: it reads no file, knows no socket and no
 * settings, and trusts nothing it is given to show.
 *
 * @module
 */
export { type BlockAnswerOptions, blockAnswer } from "./block-answer.ts";
export {
  type BlockPage,
  type BlockPageOptions,
  BlockPages,
  type PagePreferences,
} from "./block-page.ts";
export type { BlockStatus } from "./block-status.ts";
export { type Contact, parseContact } from "./contact.ts";
export { defaultTemplate } from "./default-template.ts";
export { type HtmlTemplate, parseTemplate, type TemplateResult } from "./html-template.ts";
export type { BlockInfo } from "./page-facts.ts";
export { type PageTexts, parsePageTexts } from "./page-texts.ts";

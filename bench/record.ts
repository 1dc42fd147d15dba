import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const page = join(import.meta.dirname, "..", "docs", "performance.md");

/** Puts the result of a run into its place on the page, with the day it was measured. */
export function recordResult(command: string, text: string): void {
  const start = `<!-- bench ${command} -->`;
  const end = "<!-- /bench -->";
  const [before, rest] = splitAt(readFileSync(page, "utf8"), start);
  const [, after] = splitAt(rest, end);
  const day = new Date().toISOString().slice(0, 10);
  const block = `${start}\n\n\`\`\`text\n${day}: ${text.trim()}\n\`\`\`\n\n${end}`;
  writeFileSync(page, `${before}${block}${after}`);
}

function splitAt(text: string, mark: string): readonly [string, string] {
  const at = text.indexOf(mark);
  if (at < 0) throw new Error(`docs/performance.md has no ${mark}`);
  return [text.slice(0, at), text.slice(at + mark.length)];
}

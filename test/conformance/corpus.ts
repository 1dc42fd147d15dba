import type { Leniency, WireLimits } from "../../src/protocol/index.ts";
import { DEFAULT_LENIENCY, DEFAULT_WIRE_LIMITS } from "../../src/protocol/index.ts";
import { AtPreview, type ReplayOptions } from "../support/request-events.ts";
import { bytesOfVisible } from "../support/visible-bytes.ts";

/** One case of the corpus: bytes and what the parser makes of them. README.md has the format. */
export interface CorpusCase {
  readonly title: string;
  /** Where its heading is in its file. */
  readonly line: number;
  readonly input: Buffer;
  readonly expected: readonly string[];
  readonly options: ReplayOptions;
}

/** Reads the cases of one Markdown file; throws at whatever is no case. */
export function readCases(markdown: string): readonly CorpusCase[] {
  const cases: CorpusCase[] = [];
  const pattern =
    /^## (.+)\n(?:(?!^## |^```).*\n)*?^```icap(.*)\n([\s\S]*?)^```\n\s*^```log\n([\s\S]*?)^```$/gm;
  for (const match of markdown.matchAll(pattern)) {
    const [, title = "", words = "", bytes = "", log = ""] = match;
    cases.push({
      title,
      line: markdown.slice(0, match.index).split("\n").length,
      input: readBytes(bytes),
      expected: log.split("\n").filter((line) => line !== ""),
      options: readOptions(words.trim().split(/\s+/).filter(Boolean)),
    });
  }
  const headings = markdown.match(/^## /gm)?.length ?? 0;
  if (headings !== cases.length) throw new Error(`${headings} headings, ${cases.length} cases`);
  return cases;
}

/** The bytes of a block, with repetitions written out. */
function readBytes(block: string): Buffer {
  const text = block.replace(/\{\{(\d+) × (.+?)\}\}/g, (_all, count: string, unit: string) =>
    unit.repeat(Number(count)),
  );
  return bytesOfVisible(text);
}

function readOptions(words: readonly string[]): ReplayOptions {
  const limits: Partial<Record<keyof WireLimits, number>> = {};
  const leniency: Partial<Record<keyof Leniency, boolean>> = {};
  let atPreview: AtPreview = AtPreview.Continue;
  for (const word of words) {
    const [, sign, name = "", value] = /^([+-]?)([\w-]+)(?:=(\w+))?$/.exec(word) ?? [];
    if (sign !== "" && name in DEFAULT_LENIENCY) leniency[name as keyof Leniency] = sign === "+";
    else if (name in DEFAULT_WIRE_LIMITS) limits[name as keyof WireLimits] = Number(value);
    else if (name === "at-preview" && isAtPreview(value)) atPreview = value;
    else throw new Error(`no such option: ${word}`);
  }
  return { parser: { limits, leniency }, atPreview };
}

function isAtPreview(value: string | undefined): value is AtPreview {
  return Object.values<string | undefined>(AtPreview).includes(value);
}

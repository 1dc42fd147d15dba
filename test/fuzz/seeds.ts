import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readCases } from "../conformance/corpus.ts";
import { bytesOfVisible, visible } from "../support/visible-bytes.ts";
import type { Target } from "./campaign.ts";
import { fuzz as fuzzRequests, SETTINGS_BYTES } from "./request-parser.ts";
import { fuzz as fuzzResponses } from "./response-parser.ts";

export const targets: Readonly<Record<string, Target>> = {
  "request-parser": fuzzRequests,
  "response-parser": fuzzResponses,
};

const conformance = join(import.meta.dirname, "..", "conformance");

/** Inputs kept for a target, each in a file of its own: what was found once, and what starts a search. */
export function keptInputs(target: string): ReadonlyMap<string, Buffer> {
  const folder = folderOf(target);
  const names = readdirSync(folder).filter((name) => name.endsWith(".txt"));
  return new Map(
    names.map((name) => [name, bytesOfVisible(readFileSync(join(folder, name), "utf8"))]),
  );
}

/** Keeps an input under a name; returns where. */
export function keepInput(target: string, name: string, input: Buffer): string {
  const path = join(folderOf(target), `${name}.txt`);
  mkdirSync(folderOf(target), { recursive: true });
  const lines = visible(input.toString("latin1")).replaceAll("\\n", "\\n\n");
  writeFileSync(path, `${lines}\n`);
  return path;
}

/** What a search begins with: the kept inputs and, for requests, the corpus of conformance. */
export function seedsOf(target: string): readonly Buffer[] {
  const kept = [...keptInputs(target).values()];
  return target === "request-parser" ? [...kept, ...conformanceInputs()] : kept;
}

function conformanceInputs(): readonly Buffer[] {
  const files = readdirSync(conformance).filter((name) => /^[a-z-]+\.md$/.test(name));
  const cases = files.flatMap((name) => readCases(readFileSync(join(conformance, name), "utf8")));
  const lenient = Buffer.alloc(SETTINGS_BYTES);
  lenient[0] = 0b1001;
  return cases.map(({ input }) => Buffer.concat([lenient, input]));
}

function folderOf(target: string): string {
  return join(import.meta.dirname, "corpus", target);
}

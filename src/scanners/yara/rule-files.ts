import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The text of one rule file; its rules live in a namespace of their own, named after it. */
export interface RuleSource {
  readonly source: string;
  readonly namespace: string;
}

/** Where the rules that come with Sluice are: beside `src` in the repository, beside `dist` in the package. */
export function shippedRulesDirectory(): string {
  const candidates = ["../../../rules/", "../../../../rules/"];
  const found = candidates
    .map((relative) => fileURLToPath(new URL(relative, import.meta.url)))
    .find((directory) => existsSync(directory));
  if (found === undefined) throw new Error("the rules that come with Sluice are missing");
  return found;
}

/**
 * Every `.yar` and `.yara` file directly in the directories, in a stable order. Throws when a
 * directory cannot be read, or holds no rules: rules that silently do nothing protect nobody. So does
 * a file with nothing but comments in it, which may be about to be written.
 */
export function readRuleFiles(directories: readonly string[]): RuleSource[] {
  return directories.flatMap((directory, index) => {
    const names = readdirSync(directory).filter((name) => /\.yara?$/.test(name));
    if (names.length === 0) throw new Error(`no .yar or .yara file in ${directory}`);
    const read = names.sort().map((name) => ({
      source: readFileSync(join(directory, name), "utf8"),
      namespace: index === 0 ? name : `${index}/${name}`,
    }));
    return notEmpty(read, directory);
  });
}

/**
 * The rules of files, and of every `.yar` and `.yara` file directly in directories, for a server
 * that has other things to do meanwhile. What a ConfigMap holds beside them (`..data`) is passed over.
 * Rejects as `readRuleFiles` throws.
 */
export async function readRules(paths: readonly string[]): Promise<RuleSource[]> {
  const sources = await Promise.all(
    paths.map(async (path, index) => {
      const files = await ruleFilesAt(path);
      if (files.length === 0) throw new Error(`no .yar or .yara file in ${path}`);
      const read = await Promise.all(
        files.map(async (file) => ({
          source: await readFile(file, "utf8"),
          namespace: index === 0 ? basename(file) : `${index}/${basename(file)}`,
        })),
      );
      return notEmpty(read, path);
    }),
  );
  return sources.flat();
}

function notEmpty(sources: RuleSource[], path: string): RuleSource[] {
  const empty = sources.find(({ source }) => codeOf(source).trim() === "");
  if (empty !== undefined) throw new Error(`nothing in ${empty.namespace} of ${path}`);
  return sources;
}

async function ruleFilesAt(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const names = (await readdir(path)).filter((name) => /\.yara?$/.test(name));
  return names.sort().map((name) => join(path, name));
}

/** How many rules the sources declare, private ones not counted: they are parts of others. */
export function countRules(sources: readonly RuleSource[]): number {
  return sources.reduce((sum, { source }) => sum + declaredRules(source), 0);
}

function declaredRules(source: string): number {
  return codeOf(source).match(/^[ \t]*(?:global[ \t]+)?rule[ \t]+\w+/gm)?.length ?? 0;
}

/** Without comments. */
function codeOf(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
}

/** Changes exactly when the text of a rule does. */
export function rulesDigest(sources: readonly RuleSource[]): string {
  const hash = createHash("sha256");
  for (const { source, namespace } of sources) {
    hash.update(`${namespace}\0${Buffer.byteLength(source)}\0`).update(source);
  }
  return hash.digest("hex");
}

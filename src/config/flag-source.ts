import { type ParseArgsConfig, parseArgs } from "node:util";
import { type Candidate, type FileReference, type SourceContent, splitList } from "./candidate.ts";
import { type SettingEntry, settingEntries } from "./entries.ts";
import { didYouMean, type Problem, shown } from "./problem.ts";

const configFlag = "config";
const configNames = ["--config", "-c"];
const filesPath = "resources.files";
const filesShort = "f";

export interface FlagContent extends SourceContent {
  readonly file: FileReference | undefined;
}

const entryByFlag = new Map(settingEntries.map((entry) => [entry.flag, entry]));
const knownFlags = [configFlag, ...entryByFlag.keys()].map((flag) => `--${flag}`);

const parseOptions: NonNullable<ParseArgsConfig["options"]> = {
  [configFlag]: { type: "string", short: "c" },
};
for (const { path, flag, setting } of settingEntries) {
  parseOptions[flag] = {
    type: setting.type === "toggle" ? "boolean" : "string",
    ...(path === filesPath ? { short: filesShort } : {}),
  };
}

/** Reads the flags; one that is none of ours, or lacks its value, is a problem. The last one wins. */
export function readFlags(argv: readonly string[]): FlagContent {
  const { tokens } = parseArgs({
    args: [...argv],
    options: parseOptions,
    strict: false,
    tokens: true,
    allowPositionals: true,
  });
  const found = new Map<string, Candidate>();
  const problems: Problem[] = [];
  let file: FileReference | undefined;
  /** Where the value of an unknown flag would stand; not reported again. */
  let excusedIndex = -1;
  for (const token of tokens) {
    if (token.kind === "positional" && token.index !== excusedIndex) {
      problems.push({ origin: shown(token.value), message: "unexpected argument" });
    }
    if (token.kind !== "option") continue;
    const read = readFlag(token, found);
    if ("message" in read) {
      problems.push(read);
      excusedIndex = token.index + 1;
    } else if (read.path === configFlag) {
      file = { path: String(read.raw), origin: read.origin };
    } else {
      found.set(read.path, read);
    }
  }
  return { candidates: [...found.values()], problems, file };
}

interface FlagToken {
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

function readFlag(
  { rawName, value, inlineValue }: FlagToken,
  found: ReadonlyMap<string, Candidate>,
): Candidate | Problem {
  const entry = findEntry(rawName);
  if (entry === undefined && !configNames.includes(rawName)) {
    return { origin: rawName, message: `unknown flag${didYouMean(rawName, knownFlags)}` };
  }
  if (entry?.setting.type === "toggle") {
    const isNegated = rawName !== `--${entry.flag}`;
    return { path: entry.path, raw: value ?? !isNegated, origin: rawName };
  }
  const isNextFlag = inlineValue === false && value?.startsWith("--");
  if (value === undefined || isNextFlag) return { origin: rawName, message: "needs a value" };
  if (entry === undefined) return { path: configFlag, raw: value, origin: rawName };
  return { path: entry.path, raw: flagValue(entry, value, found), origin: rawName };
}

/** `--no-…` turns a toggle off. */
function findEntry(rawName: string): SettingEntry | undefined {
  if (rawName === `-${filesShort}`) return settingEntries.find(({ path }) => path === filesPath);
  const entry = entryByFlag.get(rawName.slice(2));
  if (entry !== undefined || !rawName.startsWith("--no-")) return entry;
  const negated = entryByFlag.get(rawName.slice(5));
  return negated?.setting.type === "toggle" ? negated : undefined;
}

/** A list may be given by commas, by repeating the flag, or both. */
function flagValue(
  { path, setting }: SettingEntry,
  value: string,
  found: ReadonlyMap<string, Candidate>,
): unknown {
  if (setting.type !== "list") return value;
  const earlier = found.get(path)?.raw;
  return [...(Array.isArray(earlier) ? earlier : []), ...splitList(value)];
}

import { getSystemErrorMessage } from "node:util";
import type { Candidate, FileReference, SourceContent } from "./candidate.ts";
import { consistencyRules } from "./consistency.ts";
import { settingEntries } from "./entries.ts";
import { readEnvironment } from "./environment-source.ts";
import { readSettingsFile } from "./file-source.ts";
import { readFlags } from "./flag-source.ts";
import { type Problem, shown } from "./problem.ts";
import type { Settings } from "./settings.ts";

/** Where settings come from; all that loading touches. */
export interface SettingsSources {
  /** The flags, without node, script and command. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Reads a text file; throws when it cannot. */
  readonly readFile: (path: string) => string;
}

/** A setting in force, as it was written. */
export interface EffectiveSetting {
  readonly path: string;
  /** Undefined where nothing is set and there is no default. */
  readonly raw: unknown;
  /** `default`, or as in `Problem`. */
  readonly origin: string;
}

export type LoadedSettings =
  | {
      readonly ok: true;
      readonly settings: Settings;
      readonly effective: readonly EffectiveSetting[];
    }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Reads the settings: a flag wins over a variable, a variable over the file, the file over the
 * default. Every value of every source is checked, also one that another source overrides, and
 * every problem is reported. The settings are deep-frozen.
 *
 * @example
 * const loaded = loadSettings({ argv: process.argv.slice(3), env, readFile });
 * if (!loaded.ok) process.stderr.write(formatProblems(loaded.problems));
 */
export function loadSettings(sources: SettingsSources): LoadedSettings {
  const flags = readFlags(sources.argv);
  const environment = readEnvironment(sources.env);
  const file = readReferencedFile(flags.file ?? environment.file, sources.readFile);
  const ascending = [file, environment, flags];
  const checked = checkCandidates(ascending.flatMap(({ candidates }) => candidates));
  const settings = assemble(checked.values);
  const problems = [
    ...ascending.flatMap((source) => source.problems),
    ...checked.problems,
    ...checkConsistency(settings, checked),
  ];
  if (problems.length > 0) return { ok: false, problems };
  return { ok: true, settings, effective: [...checked.effective.values()] };
}

function readReferencedFile(
  file: FileReference | undefined,
  readFile: SettingsSources["readFile"],
): SourceContent {
  if (file === undefined) return { candidates: [], problems: [] };
  try {
    return readSettingsFile(file.path, readFile(file.path));
  } catch (error) {
    const { errno, message: text } = error as NodeJS.ErrnoException;
    const reason = errno === undefined ? text : getSystemErrorMessage(errno);
    const message = `cannot read ${shown(file.path)}: ${reason}`;
    return { candidates: [], problems: [{ origin: file.origin, message }] };
  }
}

interface Checked {
  /** Both by path, in the order of the catalogue; the last candidate of a path wins. */
  readonly values: ReadonlyMap<string, unknown>;
  readonly effective: ReadonlyMap<string, EffectiveSetting>;
  readonly wrongPaths: ReadonlySet<string>;
  readonly problems: readonly Problem[];
}

/** `candidates` are in ascending order of precedence. */
function checkCandidates(candidates: readonly Candidate[]): Checked {
  const values = new Map<string, unknown>();
  const effective = new Map<string, EffectiveSetting>();
  const wrongPaths = new Set<string>();
  const problems: Problem[] = [];
  const schemas = new Map(settingEntries.map(({ path, setting }) => [path, setting.schema]));
  for (const { path, setting } of settingEntries) {
    const raw = setting.default;
    values.set(path, raw === undefined ? undefined : setting.schema.parse(raw));
    effective.set(path, { path, raw, origin: "default" });
  }
  for (const { path, raw, origin } of candidates) {
    const result = schemas.get(path)?.safeParse(raw);
    effective.set(path, { path, raw, origin });
    if (result?.success) {
      values.set(path, result.data);
    } else {
      wrongPaths.add(path);
      const expected = result?.error.issues[0]?.message;
      problems.push({ origin, message: `must be ${expected}, not ${shown(raw)}` });
    }
  }
  return { values, effective, wrongPaths, problems };
}

/** The tree of settings, deep-frozen. */
function assemble(values: ReadonlyMap<string, unknown>): Settings {
  const root: Record<string, unknown> = {};
  for (const [path, value] of values) {
    const names = path.split(".");
    const last = names.pop() as string;
    let section = root;
    for (const name of names) {
      section[name] ??= {};
      section = section[name] as Record<string, unknown>;
    }
    section[last] = value;
  }
  // The catalogue has the shape of Settings, so a value for each of its entries makes one.
  return deepFreeze(root) as unknown as Settings;
}

function deepFreeze<T extends object>(value: T): T {
  for (const inner of Object.values(value)) {
    if (typeof inner === "object" && inner !== null) deepFreeze(inner);
  }
  return Object.freeze(value);
}

/** The origin of a broken rule is the first setting of it that somebody set. */
function checkConsistency(settings: Settings, { effective, wrongPaths }: Checked): Problem[] {
  return consistencyRules.flatMap(({ paths, check }) => {
    if (paths.some((path) => wrongPaths.has(path))) return [];
    const message = check(settings);
    if (message === undefined) return [];
    const origins = paths.map((path) => effective.get(path)?.origin ?? "default");
    return [{ origin: origins.find((origin) => origin !== "default") ?? "default", message }];
  });
}

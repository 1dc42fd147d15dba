import { Option } from "commander";
import { parseDuration, parseSize } from "../../config/index.ts";

/** A setting of `sluice scanner`: a flag, and a variable for containers. */
export interface ScannerSetting {
  /** `max-bytes`: the flag is `--max-bytes`, the variable `SLUICE_SCANNER_MAX_BYTES`. */
  readonly name: string;
  readonly form: string;
  /** Text that `parse` takes; where it does not take it, the setting has to be given. */
  readonly fallback: string;
  readonly description: string;
  /** Undefined when the text is of another form. */
  readonly parse: (text: string) => unknown;
}

/** By name, parsed. */
export type SettingValues<Settings extends readonly ScannerSetting[]> = {
  readonly [Each in Settings[number] as Each["name"]]: Exclude<
    ReturnType<Each["parse"]>,
    undefined
  >;
};

/** Where settings are written. */
export interface SettingSources {
  readonly flags: ScannerFlags;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export type ReadSettings<Values> =
  | { readonly values: Values; readonly problems: readonly [] }
  | { readonly values: undefined; readonly problems: readonly string[] };

/** Flags as commander gives them, by camel-cased name. */
export type ScannerFlags = Readonly<Record<string, string | undefined>>;

export const size = (text: string) => positive(parseSize(text));
export const duration = (text: string) => parseDuration(text);
/** A duration that is not 0. */
export const span = (text: string) => positive(parseDuration(text));
export const count = (text: string) =>
  /^\d{1,5}$/.test(text) ? positive(Number(text)) : undefined;
/** Of a file; none when it is empty. */
export const path = (text: string) => (text.includes("\0") ? undefined : text);
/** One word of visible text. */
export const token = (text: string) => (/^[\x21-\x7e]{0,128}$/.test(text) ? text : undefined);

const variableOf = (name: string): string =>
  `SLUICE_SCANNER_${name.replaceAll("-", "_").toUpperCase()}`;

/** The flag of a setting. Its default is not commander's to fill in, for a variable may be set. */
export function settingOption({ name, form, fallback, description }: ScannerSetting): Option {
  const shownDefault = fallback === "" ? "" : ` [${fallback}]`;
  return new Option(`--${name} <${form}>`, `${description}${shownDefault}`);
}

/** Flags win over variables, variables over defaults; every problem is told at once. */
export function readScannerSettings<const Settings extends readonly ScannerSetting[]>(
  settings: Settings,
  { flags, env }: SettingSources,
): ReadSettings<SettingValues<Settings>> {
  const problems: string[] = [];
  const values = settings.map(({ name, form, fallback, parse }) => {
    const flag = flags[camelCase(name)];
    const given = flag ?? env[variableOf(name)];
    const value = parse(given ?? fallback);
    if (value === undefined && given === undefined) {
      problems.push(`--${name} <${form}> is missing`);
    } else if (value === undefined) {
      const origin = flag === undefined ? variableOf(name) : `--${name}`;
      problems.push(`${origin}: "${given}" is no ${form}`);
    }
    return [name, value];
  });
  if (problems.length > 0) return { values: undefined, problems };
  return { values: Object.fromEntries(values), problems: [] };
}

function positive(value: number | undefined): number | undefined {
  return value === undefined || value <= 0 ? undefined : value;
}

const camelCase = (name: string): string =>
  name.replace(/-[a-z]/g, ([, letter = ""]) => letter.toUpperCase());

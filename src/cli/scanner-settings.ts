import { Option } from "commander";
import { formatDuration, formatSize, parseDuration, parseSize } from "../config/index.ts";

/** A setting of `sluice scanner`: a flag, and a variable for containers. */
interface ScannerSetting {
  /** `max-bytes`: the flag is `--max-bytes`, the variable `SLUICE_SCANNER_MAX_BYTES`. */
  readonly name: string;
  readonly form: string;
  readonly fallback: string;
  readonly description: string;
  /** Undefined when the text is of another form. */
  readonly parse: (text: string) => unknown;
}

const size = (text: string) => positive(parseSize(text));
const duration = (text: string) => parseDuration(text);
const span = (text: string) => positive(parseDuration(text));
const count = (text: string) => (/^\d{1,5}$/.test(text) ? positive(Number(text)) : undefined);
const logLevels = ["debug", "info", "warn", "error", "silent"];

/** What every shipped scanner has. */
const serverSettings = [
  {
    name: "listen",
    form: "address",
    fallback: "127.0.0.1:8080",
    description: "Where scan/v1 is served; :8080 is every address.",
    parse: parseListen,
  },
  {
    name: "max-bytes",
    form: "size",
    fallback: formatSize(100 * 1024 ** 2),
    description: "Larger bodies are answered 413, which Sluice takes for unscannable.",
    parse: size,
  },
  {
    name: "concurrency",
    form: "count",
    fallback: "64",
    description: "Scans at a time; what comes on top is answered 503.",
    parse: count,
  },
  {
    name: "scan-timeout",
    form: "duration",
    fallback: formatDuration(120_000),
    description: "Longest time for a scan; a client may ask for less by Scan-Deadline-Ms.",
    parse: span,
  },
  {
    name: "drain-delay",
    form: "duration",
    fallback: formatDuration(5000),
    description: "How long requests are still taken after SIGTERM, while /readyz says no.",
    parse: duration,
  },
  {
    name: "drain-timeout",
    form: "duration",
    fallback: formatDuration(30_000),
    description: "How long scans under way may take after that.",
    parse: duration,
  },
  {
    name: "log-level",
    form: logLevels.join("|"),
    fallback: "info",
    description: "Least level that is logged.",
    parse: (text: string) => (logLevels.includes(text) ? text : undefined),
  },
] as const satisfies readonly ScannerSetting[];

export const clamavSettings = [
  {
    name: "clamd",
    form: "addresses",
    fallback: "127.0.0.1:3310",
    description:
      "Where clamd listens: host:port or unix:/path; several, separated by commas, must be equal.",
    parse: (text: string) => text.split(",").map((one) => one.trim()),
  },
  ...serverSettings,
  {
    name: "connect-timeout",
    form: "duration",
    fallback: formatDuration(2000),
    description: "Longest time to connect to a clamd.",
    parse: span,
  },
  {
    name: "probe-interval",
    form: "duration",
    fallback: formatDuration(5000),
    description: "How often each clamd is asked for its version, and so whether it answers.",
    parse: span,
  },
  {
    name: "epoch",
    form: "text",
    fallback: "",
    description:
      "Identity of signatures of your own, which clamd tells no version of; change it with them.",
    parse: (text: string) => (/^[\x21-\x7e]{0,128}$/.test(text) ? text : undefined),
  },
] as const satisfies readonly ScannerSetting[];

type Setting = (typeof clamavSettings)[number];
type Name = Setting["name"];
/** By name, parsed. */
export type ClamavSettings = {
  readonly [Each in Name]: NonNullable<ReturnType<Extract<Setting, { name: Each }>["parse"]>>;
};

const variableOf = (name: string): string =>
  `SLUICE_SCANNER_${name.replaceAll("-", "_").toUpperCase()}`;

/** The flag of a setting. Its default is not commander's to fill in, for a variable may be set. */
export function settingOption({ name, form, fallback, description }: ScannerSetting): Option {
  const shownDefault = fallback === "" ? "" : ` [${fallback}]`;
  return new Option(`--${name} <${form}>`, `${description}${shownDefault}`);
}

/** Flags win over variables, variables over defaults; every problem is told at once. */
export function readClamavSettings(
  flags: Readonly<Record<string, string | undefined>>,
  env: Readonly<Record<string, string | undefined>>,
): ClamavSettings | { readonly problems: readonly string[] } {
  const problems: string[] = [];
  const values = clamavSettings.map(({ name, form, fallback, parse }) => {
    const flag = flags[camelCase(name)];
    const origin = flag === undefined ? variableOf(name) : `--${name}`;
    const raw = flag ?? env[variableOf(name)] ?? fallback;
    const value = parse(raw);
    if (value === undefined) problems.push(`${origin}: "${raw}" is no ${form}`);
    return [name, value];
  });
  return problems.length > 0 ? { problems } : (Object.fromEntries(values) as ClamavSettings);
}

function parseListen(text: string): { host: string; port: number } | undefined {
  const pattern = /^(?:\[(?<v6>[0-9a-f:.]+)\]|(?<name>[\w.-]*)):(?<port>\d{1,5})$/i;
  const { v6, name, port } = pattern.exec(text)?.groups ?? {};
  if (port === undefined || Number(port) > 65_535) return undefined;
  return { host: (v6 ?? name) || "::", port: Number(port) };
}

function positive(value: number | undefined): number | undefined {
  return value === undefined || value <= 0 ? undefined : value;
}

const camelCase = (name: string): string =>
  name.replace(/-[a-z]/g, ([, letter = ""]) => letter.toUpperCase());

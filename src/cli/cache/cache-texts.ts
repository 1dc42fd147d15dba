import { formatSize } from "../../config/index.ts";

/** The answers of the admin API, as docs/admin-api.openapi.yaml has them. */
export interface OverrideText {
  readonly sha256: string;
  readonly action: "allow" | "block";
  readonly reason: string;
  readonly author: string;
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly services?: readonly string[];
}

export interface StatsAnswer {
  readonly tiers: readonly {
    readonly tier: string;
    readonly available: boolean;
    readonly entries?: number;
    readonly bytes?: number;
    readonly maxBytes?: number;
    readonly reads: Readonly<Record<string, number>>;
  }[];
  readonly overrides: { readonly storage: string; readonly allow: number; readonly block: number };
  readonly processes: number;
}

export interface LookupAnswer {
  readonly sha256: string;
  readonly override?: OverrideText;
  readonly verdicts: readonly {
    readonly scanner: string;
    readonly verdict: string;
    readonly threats: readonly string[];
    readonly judgedAt: string;
    readonly expiresAt: string;
  }[];
  readonly scanners: readonly { readonly scanner: string; readonly scope: string }[];
}

export interface OverridesAnswer {
  readonly storage: string;
  readonly overrides: readonly OverrideText[];
}

export function statsText({ tiers, overrides, processes }: StatsAnswer): string {
  const rows = tiers.map(({ tier, available, entries, bytes, maxBytes, reads }) => [
    tier,
    available ? "yes" : "no",
    entries === undefined ? "-" : String(entries),
    sizeText(bytes) + (maxBytes ? ` of ${sizeText(maxBytes)}` : ""),
    ...readsText(reads),
  ]);
  const { allow, block, storage } = overrides;
  return lines([
    ...(tiers.length === 0
      ? ["The cache is switched off (cache.enabled)."]
      : table(["TIER", "ANSWERS", "ENTRIES", "SIZE", "READS", "HITS", "FAILED"], rows)),
    "",
    `overrides: ${allow} allowed, ${block} blocked, kept in ${storage}`,
    `worker processes: ${processes}`,
  ]);
}

/** Sizes of memory need no more than one decimal. */
function sizeText(bytes: number | undefined): string {
  if (bytes === undefined) return "-";
  const units = ["Ki", "Mi", "Gi", "Ti"];
  const exponent = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), units.length);
  if (exponent === 0) return formatSize(bytes);
  return `${Number((bytes / 1024 ** exponent).toFixed(1))}${units[exponent - 1]}`;
}

function readsText(reads: Readonly<Record<string, number>>): string[] {
  const { hit = 0, miss = 0, ...failures } = reads;
  const failed = Object.values(failures).reduce((a, b) => a + b, 0);
  const total = hit + miss + failed;
  const share = total === 0 ? "-" : `${((100 * hit) / total).toFixed(1)} %`;
  return [String(total), share, String(failed)];
}

export function lookupText({ sha256, override, verdicts, scanners }: LookupAnswer): string {
  const rows = verdicts.map((one) => [
    one.scanner,
    one.verdict,
    one.threats.join(", ") || "-",
    timeText(one.judgedAt),
    timeText(one.expiresAt),
  ]);
  const found = new Set(verdicts.map(({ scanner }) => scanner));
  const others = scanners.filter(({ scanner }) => !found.has(scanner));
  return lines([
    `sha256 ${sha256}`,
    ...(override === undefined ? [] : ["", overrideText(override)]),
    ...(rows.length === 0
      ? []
      : ["", ...table(["SCANNER", "VERDICT", "THREATS", "JUDGED", "EXPIRES"], rows)]),
    ...(others.length === 0 ? [] : ["", "No verdict found:"]),
    ...others.map(({ scanner, scope }) => `  ${scanner}${SCOPE_TEXTS[scope] ?? ""}`),
  ]);
}

const SCOPE_TEXTS: Readonly<Record<string, string>> = {
  "content+type": " (depends on the media type too: --type)",
  "content+name": " (depends on media type and file name too: --type, --name)",
  "content+url": " (depends on the URL too, which cannot be looked up)",
  url: " (depends on the URL, which cannot be looked up)",
  host: " (depends on the host, which cannot be looked up)",
  user: " (depends on the user too, who cannot be looked up)",
  none: " (remembers nothing)",
};

export function overrideText(override: OverrideText): string {
  const { sha256, action, author, reason, createdAt, expiresAt, services } = override;
  const where = services === undefined ? "in all services" : `in ${services.join(", ")}`;
  return [
    `${action === "allow" ? "allowed" : "blocked"} ${where} until ${timeText(expiresAt)}`,
    `  content  ${sha256}`,
    `  reason   ${reason}`,
    `  author   ${author}, ${timeText(createdAt)}`,
  ].join("\n");
}

export function changeText(storage: string, override: OverrideText): string {
  const warning =
    storage === "redis" ? [] : ["Kept in memory: this server alone goes by it, until it ends."];
  return lines([overrideText(override), ...warning]);
}

export function overridesText({ storage, overrides }: OverridesAnswer): string {
  if (overrides.length === 0) return "no overrides\n";
  const rows = overrides.map((one) => [
    one.action,
    one.sha256,
    timeText(one.expiresAt),
    one.services?.join(",") ?? "all",
    one.author,
    one.reason,
  ]);
  return lines([
    ...table(["ACTION", "SHA256", "EXPIRES", "SERVICES", "AUTHOR", "REASON"], rows),
    "",
    `kept in ${storage}`,
  ]);
}

export interface PurgeAnswer {
  readonly purged: {
    readonly scanner?: string;
    readonly sha256?: string;
    readonly before?: string;
  };
  /** Where a scanner was named, those of the server that are called so. */
  readonly scanners?: readonly string[];
}

export function purgeText({ purged, scanners }: PurgeAnswer): string {
  const { scanner, sha256, before } = purged;
  const parts = [
    sha256 === undefined ? "all contents" : `content ${sha256}`,
    scanner === undefined ? "of all scanners" : `of scanner ${scanner}`,
    before === undefined ? "up to now" : `before ${timeText(before)}`,
  ];
  const doubt =
    scanners?.length === 0
      ? [`No scanner of this server is called ${scanner}: "sluice cache lookup" lists them.`]
      : [];
  return lines([`purged: verdicts on ${parts.join(", ")}`, ...doubt]);
}

const timeText = (iso: string): string =>
  iso.replace("T", " ").replace(/(:\d\d)(\.\d+)?Z$/, "$1 UTC");

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const all = [heads, ...rows];
  const widths = heads.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

/** What servers and scanners say is untrusted: nothing of it may steer a terminal. */
function lines(texts: readonly string[]): string {
  return `${texts.join("\n").replace(/[^\P{Cc}\n]/gu, "?")}\n`;
}

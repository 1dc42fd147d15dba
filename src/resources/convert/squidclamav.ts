import { ruleProblems } from "../../services/rules/index.ts";
import { type ConvertedRule, celText, type Notes, rulesField, type Spec } from "./conversion.ts";
import { type Directive, lastOf, sizeOf } from "./directives.ts";

/** Directives that no other program's configuration has. */
const TELLING =
  /^(clamd_local|clamd_ip|abort|abortcontent|whitelist|trustclient|trustuser|scan_mode|maxsize|squidguard|safebrowsing|enable_libarchive)$/;
/** squidclamav's own default. */
const DEFAULT_MAX_SIZE = 5 * 2 ** 20;

export function isSquidclamav(directives: readonly Directive[]): boolean {
  return directives.some(({ name }) => TELLING.test(name));
}

interface Pattern {
  /** Beginning of the condition; the pattern's literal and a parenthesis follow. */
  readonly subject: string;
  readonly action: "Skip" | "Scan";
}

/** Directives with a pattern, for both modes; a final `i` takes either case. */
const PATTERNS: Readonly<Record<string, Pattern>> = {
  abort: { subject: "request.url.re(", action: "Skip" },
  abortcontent: { subject: 'response.header("Content-Type").re(', action: "Skip" },
  whitelist: { subject: "request.host.re(", action: "Skip" },
  trustclient: { subject: "client.ip.re(", action: "Skip" },
  trustuser: { subject: "client.user.re(", action: "Skip" },
  scan: { subject: "request.url.re(", action: "Scan" },
  scancontent: { subject: 'response.header("Content-Type").re(', action: "Scan" },
  blacklist: { subject: "request.host.re(", action: "Scan" },
  untrustclient: { subject: "client.ip.re(", action: "Scan" },
  untrustuser: { subject: "client.user.re(", action: "Scan" },
};

const NOTED: Readonly<Record<string, string>> = {
  redirect: "the block page is part of the answer: there is no page to redirect to",
  timeout: "was the time to connect to clamd, not to scan",
  logredir: "every transaction is logged with its verdict",
  dnslookup: "clients are known by address, and by the name that the proxy authenticated",
  safebrowsing: "clamd's Safe Browsing has no counterpart",
  multipart: "every part of a form is scanned as an entity of its own",
  squidguard: "squidGuard has no counterpart here",
  enable_libarchive: "archives are looked into by the scanner",
  banmaxsize: "archives are looked into by the scanner, under limits of its own",
  ban_archive_entry: "entries of archives cannot be refused by name",
  ban_max_entries: "entries of archives cannot be refused by name",
  ban_max_matched_entries: "entries of archives cannot be refused by name",
  recoverpath: "blocked content is not kept",
  recovervirus: "blocked content is not kept",
};

/** squidclamav.conf as the fields of a service, but for its path and scanners. */
export function squidclamavSpec(directives: readonly Directive[], notes: Notes): Spec {
  for (const { file, name } of directives) {
    const message = Object.hasOwn(NOTED, name) ? NOTED[name] : undefined;
    if (message !== undefined) {
      notes.add(file, name, message);
    }
  }
  notes.add(
    "squidclamav",
    "maxsize",
    "what is larger passes unscanned, as it did: outcomes.oversize says so, and Block is safer",
  );
  return {
    ...rulesField(rulesOf(directives, notes)),
    limits: { maxEntityBytes: sizeOf(lastOf(directives, "maxsize")?.args[0]) ?? DEFAULT_MAX_SIZE },
    outcomes: { oversize: "Allow" },
  };
}

function rulesOf(directives: readonly Directive[], notes: Notes): ConvertedRule[] {
  const mode = lastOf(directives, "scan_mode")?.args[0] ?? "ScanAllExcept";
  const wanted = mode === "ScanNothingExcept" ? "Scan" : "Skip";
  const rules = directives.flatMap((directive) => ruleOf(directive, wanted, notes));
  return wanted === "Scan"
    ? [...rules, { name: "scan-nothing-else", when: "true", action: "Skip" }]
    : rules;
}

function ruleOf(
  { file, line, name, args }: Directive,
  wanted: Pattern["action"],
  notes: Notes,
): ConvertedRule[] {
  const base = Object.hasOwn(PATTERNS, name) ? name : name.replace(/i$/, "");
  const pattern = Object.hasOwn(PATTERNS, base) ? PATTERNS[base] : undefined;
  const [source] = args;
  if (pattern === undefined || source === undefined) {
    return [];
  }
  if (pattern.action !== wanted) {
    notes.add(file, name, "has no effect in this scan_mode");
    return [];
  }
  const flags = base === name ? "" : "(?i)";
  const when = `${pattern.subject}${celText(flags + source)})`;
  const [problem] = ruleProblems([{ when }]);
  if (problem !== undefined) {
    notes.add(file, `${name} ${source}`, `the pattern cannot be carried over: ${problem.message}`);
    return [];
  }
  return [{ name: `${base}-line-${line}`, when, action: pattern.action }];
}

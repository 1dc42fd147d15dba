import { type Threat, VerdictReason } from "../scanning/index.ts";
import { Cause } from "../telemetry/index.ts";

/** What an ICAP answer tells about a message that was blocked or repaired. */
export interface Finding {
  readonly cause: Cause;
  readonly reason?: VerdictReason | undefined;
  /** What scanners found; untrusted. */
  readonly threats: readonly Threat[];
  /** Name of the entity, for threats that have no path of their own; untrusted. */
  readonly fileName?: string | undefined;
}

export interface ReportOptions {
  /**
   * Adds `X-Violations-Found`, which lists everything that was found. Off by default: its values
   * are folded over several lines, and some clients read header lines one by one.
   */
  readonly violations: boolean;
}

// Draft-stecher-icap-subid-00 and its implementations: 0 virus, 1 mail policy violation,
// 2 container violation ("the message could not be scanned completely").
const InfectionType = { Virus: 0, Policy: 1, Container: 2 } as const;
type InfectionType = (typeof InfectionType)[keyof typeof InfectionType];

const Resolution = { Repaired: 1, Blocked: 2 } as const;
type Resolution = (typeof Resolution)[keyof typeof Resolution];

interface Naming {
  readonly type: InfectionType;
  /** Stands in for the threat's name where no scanner gives one. */
  readonly name: string;
}

const byReason: Readonly<Record<VerdictReason, Naming>> = {
  [VerdictReason.Malware]: { type: InfectionType.Virus, name: "Malware" },
  [VerdictReason.Sandbox]: { type: InfectionType.Virus, name: "Malware.Sandbox" },
  [VerdictReason.Dlp]: { type: InfectionType.Policy, name: "Policy.DataLoss" },
  [VerdictReason.Category]: { type: InfectionType.Policy, name: "Policy.Category" },
  [VerdictReason.Policy]: { type: InfectionType.Policy, name: "Policy.Rule" },
  [VerdictReason.Type]: { type: InfectionType.Policy, name: "Policy.Type" },
  [VerdictReason.Size]: { type: InfectionType.Container, name: "Unscannable.Size" },
  [VerdictReason.Encrypted]: { type: InfectionType.Container, name: "Unscannable.Encrypted" },
  [VerdictReason.ArchiveLimit]: { type: InfectionType.Container, name: "Unscannable.ArchiveLimit" },
  [VerdictReason.Malformed]: { type: InfectionType.Container, name: "Unscannable.Malformed" },
  [VerdictReason.Timeout]: { type: InfectionType.Container, name: "Unscanned.Timeout" },
  [VerdictReason.EngineError]: { type: InfectionType.Container, name: "Unscanned.Error" },
  [VerdictReason.Overload]: { type: InfectionType.Container, name: "Unscanned.Overload" },
};

const unscannedError: Naming = { type: InfectionType.Container, name: "Unscanned.Error" };
const byCause: Readonly<Record<Cause, Naming>> = {
  [Cause.None]: unscannedError,
  [Cause.Clean]: unscannedError,
  [Cause.ClientAbort]: unscannedError,
  [Cause.WriteTimeout]: unscannedError,
  [Cause.Protocol]: unscannedError,
  [Cause.Refused]: unscannedError,
  [Cause.Verdict]: { type: InfectionType.Virus, name: "Malware" },
  [Cause.Policy]: { type: InfectionType.Policy, name: "Policy.Rule" },
  [Cause.Override]: { type: InfectionType.Policy, name: "Policy.Override" },
  [Cause.Error]: unscannedError,
  [Cause.Timeout]: { type: InfectionType.Container, name: "Unscanned.Timeout" },
  [Cause.Oversize]: { type: InfectionType.Container, name: "Unscannable.Size" },
  [Cause.Unscannable]: { type: InfectionType.Container, name: "Unscannable" },
  [Cause.Suspicious]: { type: InfectionType.Virus, name: "Suspicious" },
  [Cause.Unknown]: { type: InfectionType.Container, name: "Unscanned.Unknown" },
  [Cause.Pending]: { type: InfectionType.Container, name: "Unscanned.Pending" },
  [Cause.Draining]: { type: InfectionType.Container, name: "Unscanned.Draining" },
};

// Causes that a reason makes more precise; of the others the reason must not make a virus.
const refinable: ReadonlySet<Cause> = new Set([Cause.Verdict, Cause.Policy, Cause.Unscannable]);

/** Content that was changed was no infection where nobody says that there was one. */
const modified: Naming = { type: InfectionType.Policy, name: "Policy.Modified" };

function naming({ cause, reason, threats }: Finding, resolution: Resolution): Naming {
  const isNamed = reason !== undefined || threats.length > 0;
  if (resolution === Resolution.Repaired && !isNamed) return modified;
  return reason !== undefined && refinable.has(cause) ? byReason[reason] : byCause[cause];
}

/** Of an OPTIONS answer. */
export const optionsReport = "X-Response-Info: Options\r\n";

/** Of an answer that lets a message pass because it was found clean: the ordinary case. */
export const allowedReport = "X-Response-Info: Allowed\r\n";

const allowedReports: ReadonlyMap<Cause, string> = new Map(
  Object.values(Cause).map((cause) => [
    cause,
    cause === Cause.Clean || cause === Cause.None
      ? allowedReport
      : `${allowedReport}X-Response-Desc: allowed; cause=${cause}\r\n`,
  ]),
);

/** Of an answer that lets a message pass, telling why where that is not because it was found clean. */
export function allowedReportFor(cause: Cause): string {
  return allowedReports.get(cause) ?? allowedReport;
}

/**
 * Of an answer that puts a block page in place of the message. It names an infection whatever the
 * cause, for some clients look at nothing else: rspamd and Nextcloud take an answer with status 200
 * without `X-Infection-Found` for clean. Its `Type` says whether there was one.
 */
export function blockedReport(finding: Finding, options: ReportOptions): string {
  return (
    infectionLines(finding, Resolution.Blocked) +
    "X-Response-Info: Blocked\r\n" +
    descriptionLine("blocked", finding) +
    violationLines(finding, Resolution.Blocked, options)
  );
}

/** Of an answer that puts a cleaned entity in place of the message. */
export function repairedReport(finding: Finding, options: ReportOptions): string {
  return (
    infectionLines(finding, Resolution.Repaired) +
    allowedReport +
    descriptionLine("repaired", finding) +
    violationLines(finding, Resolution.Repaired, options)
  );
}

// The values that Nextcloud reads on ICAP 500. It refuses the upload for the one of the type; for
// the other three its setting `av_block_unscannable` decides.
const errorCodes: ReadonlyMap<VerdictReason | undefined, string> = new Map([
  [VerdictReason.Encrypted, "X-Error-Code: password_protected\r\n"],
  [VerdictReason.ArchiveLimit, "X-Error-Code: max_archive_layers_exceeded\r\n"],
  [VerdictReason.Malformed, "X-Error-Code: decode_error\r\n"],
  [VerdictReason.Type, "X-Error-Code: file_type_blocked\r\n"],
]);

/** Of an ICAP error answer, given in place of a page to clients that show none (NAS, applications). */
export function errorReport(finding: Finding): string {
  const errorCode = refinable.has(finding.cause) ? errorCodes.get(finding.reason) : undefined;
  return `X-Response-Info: Blocked\r\n${descriptionLine("blocked", finding)}${errorCode ?? ""}`;
}

function infectionLines(finding: Finding, resolution: Resolution): string {
  const { type, name } = naming(finding, resolution);
  const threat = asciiToken(finding.threats[0]?.name) || name;
  // The ";" at the end belongs to it: rspamd's pattern needs it.
  return `X-Infection-Found: Type=${type}; Resolution=${resolution}; Threat=${threat};\r\nX-Virus-ID: ${threat}\r\n`;
}

function descriptionLine(what: string, { cause, reason }: Finding): string {
  const detail = reason === undefined ? "" : `; reason=${reason}`;
  return `X-Response-Desc: ${what}; cause=${cause}${detail}\r\n`;
}

const maxViolations = 8;

/** One field of four folded lines for each: file, threat, problem id, resolution. */
function violationLines(
  finding: Finding,
  resolution: Resolution,
  { violations }: ReportOptions,
): string {
  if (!violations) return "";
  const { type, name } = naming(finding, resolution);
  const listed = finding.threats.slice(0, maxViolations).map((threat) => ({
    file: asciiToken(threat.path ?? finding.fileName),
    threat: asciiToken(threat.name) || name,
  }));
  if (listed.length === 0) listed.push({ file: asciiToken(finding.fileName), threat: name });
  const lines = listed.map(
    ({ file, threat }) => `\r\n\t${file || "-"}\r\n\t${threat}\r\n\t${type}\r\n\t${resolution}`,
  );
  return `X-Violations-Found: ${listed.length}${lines.join("")}\r\n`;
}

const maxValueBytes = 128;

/**
 * Text from outside as one line of US-ASCII that fits into a structured value: no controls, no `;`,
 * letters with marks without them, the rest as `?`. Empty for what holds nothing to show.
 */
function asciiToken(value: string | undefined): string {
  if (value === undefined) return "";
  return value
    .slice(0, maxValueBytes * 4)
    .normalize("NFKD")
    .replace(/[\p{M}\p{Cf}]/gu, "")
    .replace(/[\s\p{Cc}]+/gu, " ")
    .replaceAll(";", "_")
    .replace(/[^\x20-\x7e]/gu, "?")
    .slice(0, maxValueBytes)
    .trim();
}

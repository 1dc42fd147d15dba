/** Forms of a list of hashes. */
export const hashFormats = ["auto", "plain", "clamav", "csv"] as const;
export type HashFormat = (typeof hashFormats)[number];

export const HashAlgorithm = { Sha256: "sha256", Sha1: "sha1", Md5: "md5" } as const;
export type HashAlgorithm = (typeof HashAlgorithm)[keyof typeof HashAlgorithm];

/** By the number of hexadecimal digits. */
const algorithms: Readonly<Record<number, HashAlgorithm>> = { 64: "sha256", 40: "sha1", 32: "md5" };

export interface ListedHash {
  readonly algorithm: HashAlgorithm;
  readonly hex: string;
  readonly name: string;
}

/** Reads a line: a hash, `"nothing"` when it is empty or about the list, undefined when not understood. */
export type ReadHashLine = (line: string) => ListedHash | "nothing" | undefined;

const MAX_NAME_CHARS = 256;

/** A reader for one time through a file of this form. */
export function hashReader(format: HashFormat): ReadHashLine {
  if (format === "csv") return csvReader();
  if (format === "clamav") return readClamavLine;
  if (format === "plain") return readPlainLine;
  return autoReader();
}

/** By the first line that says something: a header makes it CSV, a number after a colon ClamAV's. */
function autoReader(): ReadHashLine {
  let chosen: ReadHashLine | undefined;
  return (line) => {
    if (chosen === undefined && isCsvHeader(line)) chosen = csvReader();
    if (chosen === undefined && isNothing(line)) return "nothing";
    chosen ??= hashReader(formOf(line));
    return chosen(line);
  };
}

/** Also as a comment, as abuse.ch has it. */
function isCsvHeader(line: string): boolean {
  const fields = csvFields(line.replace(/^\s*#\s*/, ""));
  return fields.length > 1 && columnsOf(fields) !== undefined;
}

function formOf(line: string): "plain" | "clamav" | "csv" {
  if (readClamavLine(line) !== undefined) return "clamav";
  return readPlainLine(line) === undefined ? "csv" : "plain";
}

/** `hash`, `hash name` or `hash,name`; a `*` before the name is from sha256sum. */
function readPlainLine(line: string): ReturnType<ReadHashLine> {
  if (isNothing(line)) return "nothing";
  const [start = "", hex = ""] = /^\s*"?([0-9a-f]{32,64})"?(?=$|[\s,])/i.exec(line) ?? [];
  // One pattern for all of it would try every share of a row of blanks.
  const rest = line.slice(start.length).trim().replace(/^,/, "").trimStart().replace(/^\*/, "");
  return listed(hex, unquoted(rest.trim()));
}

/** `hash:size:name`, the size a number or `*`, and a level perhaps, as in `.hdb` and `.hsb`. */
function readClamavLine(line: string): ReturnType<ReadHashLine> {
  if (isNothing(line)) return "nothing";
  const [, hex = "", name = ""] =
    /^([0-9a-f]{32,64}):(?:\d+|\*):([^:]+)(?::\d*){0,2}$/i.exec(line.trimEnd()) ?? [];
  return listed(hex, name);
}

/** Columns that hold a hash, the strongest first, by their header in letters and digits only. */
const hashColumns = ["sha256", "sha256hash", "sha1", "sha1hash", "md5", "md5hash"];
/** Columns that hold a name, the most telling first: of malware lists, MISP and NSRL. */
const nameColumns = ["signature", "malware", "family", "name", "comment", "filename", "eventinfo"];

interface Columns {
  /** Empty in an export of MISP, whose rows say what their value is. */
  readonly hashes: readonly number[];
  readonly names: readonly number[];
  readonly type: number;
  readonly value: number;
}

/** Comma-separated values under a header, as of MISP, NSRL (RDS) and abuse.ch. */
function csvReader(): ReadHashLine {
  let columns: Columns | undefined;
  return (line) => {
    // The header of abuse.ch is a comment.
    const isComment = /^\s*#/.test(line);
    const text = line.replace(/^\s*#\s*/, "");
    if (text.trim() === "") return "nothing";
    const fields = csvFields(text);
    if (columns === undefined) {
      columns = columnsOf(fields);
      return columns === undefined && !isComment ? undefined : "nothing";
    }
    return isComment ? "nothing" : readRow(fields, columns);
  };
}

function columnsOf(fields: readonly string[]): Columns | undefined {
  const header = fields.map((field) => field.toLowerCase().replace(/[^a-z0-9]/g, ""));
  const found = (names: readonly string[]) =>
    names.map((name) => header.indexOf(name)).filter((at) => at >= 0);
  const columns = {
    hashes: found(hashColumns),
    names: found(nameColumns),
    type: header.indexOf("type"),
    value: header.indexOf("value"),
  };
  const isUsable = columns.hashes.length > 0 || (columns.type >= 0 && columns.value >= 0);
  return isUsable ? columns : undefined;
}

function readRow(fields: readonly string[], columns: Columns): ReturnType<ReadHashLine> {
  const texts = (places: readonly number[]) =>
    places.map((at) => (fields[at] ?? "").trim()).filter((text) => text !== "" && text !== "n/a");
  const [name = ""] = texts(columns.names);
  if (columns.hashes.length > 0) {
    const [hex] = texts(columns.hashes);
    return hex === undefined ? undefined : listed(hex, name);
  }
  const type = fields[columns.type] ?? "";
  const value = fields[columns.value] ?? "";
  // An export of MISP has all kinds of attributes: `sha256`, `filename|sha1`, `domain` …
  if (!/(?:^|\|)(?:sha256|sha1|md5)$/i.test(type)) return "nothing";
  const [fileName = "", hex = fileName] = value.split("|");
  return listed(hex.trim(), name || (value.includes("|") ? fileName : ""));
}

/** The fields of a line; a quote in a quoted field is written twice (RFC 4180). */
function csvFields(line: string): string[] {
  const fields: string[] = [];
  const pattern = /\s*(?:"((?:[^"]|"")*)"[^,]*|([^,]*))(?:,|$)/y;
  while (pattern.lastIndex < line.length) {
    const match = pattern.exec(line);
    if (match === null) break;
    fields.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? "");
  }
  return fields;
}

function listed(hex: string, name: string): ListedHash | undefined {
  const algorithm = /^[0-9a-f]+$/i.test(hex) ? algorithms[hex.length] : undefined;
  return algorithm && { algorithm, hex, name: name.slice(0, MAX_NAME_CHARS) };
}

function unquoted(text: string): string {
  return text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text;
}

function isNothing(line: string): boolean {
  return /^\s*(?:[#;].*)?$/s.test(line);
}

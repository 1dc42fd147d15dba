import { closeSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { isIP } from "node:net";
import { basename, join } from "node:path";
import { type ReadNameLine, readHostsLine, readPlainLine, readUrlLine } from "./name-lines.ts";
import { rpzReader } from "./rpz-lines.ts";

/** Forms of a list of names. */
export const nameFormats = ["auto", "plain", "urls", "hosts", "rpz", "squidguard"] as const;
export type NameFormat = (typeof nameFormats)[number];

/** One file of a list. */
export interface NameFile {
  readonly path: string;
  /** Of a file in a squidGuard directory. */
  readonly category: string | undefined;
  /** A reader for one time through the file. */
  readonly reader: () => ReadNameLine;
}

const MAX_DEPTH = 4;
const SNIFFED_BYTES = 16 * 1024;

/**
 * The files of a list, in a stable order: the file itself, or of a directory in the form of
 * squidGuard the files `domains` and `urls`, whose directory is their category. Throws when there
 * is none, or one of `categories` is not there.
 */
export function nameFiles(
  path: string,
  format: NameFormat,
  categories: readonly string[] | undefined,
): NameFile[] {
  if (!statSync(path).isDirectory()) {
    const form = format === "auto" ? sniffedFormat(path) : format;
    return [{ path, category: undefined, reader: readers[form] }];
  }
  const files = categoryFiles(path, "", 0);
  const found = new Set(files.map(({ category }) => category));
  const missing = categories?.filter((category) => !found.has(category)) ?? [];
  if (missing.length > 0) throw new Error(`no category ${missing.join(", ")}`);
  const wanted = files.filter(({ category }) => categories?.includes(category ?? "") ?? true);
  if (wanted.length === 0) throw new Error("no file named domains or urls in the directory");
  return wanted;
}

const readers: Readonly<Record<Exclude<NameFormat, "auto">, () => ReadNameLine>> = {
  plain: () => readPlainLine,
  squidguard: () => readPlainLine,
  urls: () => readUrlLine,
  hosts: () => readHostsLine,
  rpz: rpzReader,
};

/** Links are followed: a category may be one to another, and a mounted ConfigMap is made of them. */
function categoryFiles(root: string, category: string, depth: number): NameFile[] {
  const named = category === "" ? basename(root) : category;
  const names = readdirSync(join(root, category)).filter((name) => !name.startsWith("."));
  return names.sort().flatMap((name): NameFile[] => {
    const inner = category === "" ? name : `${category}/${name}`;
    const path = join(root, inner);
    if (name === "domains") return [{ path, category: named, reader: readers.plain }];
    if (name === "urls") return [{ path, category: named, reader: readers.urls }];
    const isDeeper = depth < MAX_DEPTH && statSync(path).isDirectory();
    return isDeeper ? categoryFiles(root, inner, depth + 1) : [];
  });
}

/** By the first lines that say something. */
function sniffedFormat(path: string): Exclude<NameFormat, "auto"> {
  const lines = headOf(path)
    .split(/\r?\n/)
    .map((line) => line.replace(/(?:^\uFEFF|[#;].*$)/g, "").trim())
    .filter((line) => line !== "");
  if (lines.some((line) => /^\$(?:TTL|ORIGIN)\b|\s(?:SOA|CNAME)\s/i.test(line))) return "rpz";
  const areHosts = lines.every((line) => /\s/.test(line) && isIP(line.split(/\s/)[0] ?? "") !== 0);
  return lines.length > 0 && areHosts ? "hosts" : "plain";
}

function headOf(path: string): string {
  const file = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(SNIFFED_BYTES);
    const text = bytes.toString("utf8", 0, readSync(file, bytes));
    // What the end of the piece cut is no line.
    return text.slice(0, text.length < SNIFFED_BYTES ? undefined : text.lastIndexOf("\n"));
  } finally {
    closeSync(file);
  }
}

import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { join } from "node:path";
import type { ModeSummary } from "./summary.ts";
import { short, table } from "./table.ts";

const root = join(import.meta.dirname, "..");

/** What the figures belong to. */
export interface Machine {
  readonly date: string;
  readonly revision: string;
  readonly cpu: string;
  readonly cpus: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
  readonly cIcap: string | undefined;
}

export function describeMachine(): Machine {
  const isClean = output("git", "status", "--porcelain", "src") === "";
  return {
    date: new Date().toISOString(),
    revision: `${output("git", "rev-parse", "--short", "HEAD")}${isClean ? "" : " (changed)"}`,
    cpu: cpus()[0]?.model ?? "unknown",
    cpus: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    cIcap: output("c-icap-config", "--version"),
  };
}

function output(program: string, ...args: readonly string[]): string | undefined {
  try {
    return execFileSync(program, args, { cwd: root, encoding: "utf8", stdio: "pipe" }).trim();
  } catch {
    return undefined;
  }
}

export function machineLine(machine: Machine): string {
  const { cpu, cpus: count, kernel, node, cIcap, revision } = machine;
  const anchor = cIcap === undefined ? "" : `, c-icap ${cIcap}`;
  return `${revision} on ${count} × ${cpu}, Linux ${kernel}, Node ${node}${anchor}`;
}

/** The table of the protocol modes. */
export function modesTable(summaries: readonly ModeSummary[]): string {
  const heading = "mode,server,req/s,CPU µs,ratio to c-icap,p50 µs,p99 µs,RSS MiB,target,met";
  return table([heading.split(","), ...summaries.map(modeRow)]);
}

function modeRow(summary: ModeSummary, index: number, all: readonly ModeSummary[]): string[] {
  const { cpuRatio, target, isMet } = summary;
  return [
    all[index - 1]?.mode === summary.mode ? "" : summary.title,
    summary.peer,
    `${short(summary.requestsPerSecond)}${summary.isGeneratorBound ? "*" : ""}`,
    short(summary.cpuUs),
    cpuRatio === undefined
      ? ""
      : `${cpuRatio.median.toFixed(2)} [${cpuRatio.min.toFixed(2)}–${cpuRatio.max.toFixed(2)}]`,
    short(summary.p50Us),
    short(summary.p99Us),
    summary.residentMiB.toFixed(0),
    target === undefined ? "" : `≤ ${target}`,
    metWord(isMet),
  ];
}

export function metWord(isMet: boolean | undefined): string {
  if (isMet === undefined) return "";
  return isMet ? "yes" : "NO";
}

/** `7 of 8 targets met`; a row without a target does not count. */
export function targetsLine(rows: readonly { readonly isMet: boolean | undefined }[]): string {
  const judged = rows.filter((row) => row.isMet !== undefined);
  return `${judged.filter((row) => row.isMet).length} of ${judged.length} targets met`;
}

/** Keeps the whole run beside the table, and gives the path. */
export function writeJson(kind: string, content: Readonly<Record<string, unknown>>): string {
  const directory = join(root, "artifacts");
  mkdirSync(directory, { recursive: true });
  const stamp = new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, "");
  const file = join(directory, `bench-${kind}-${stamp}.json`);
  writeFileSync(file, `${JSON.stringify(content, undefined, 2)}\n`);
  return file;
}

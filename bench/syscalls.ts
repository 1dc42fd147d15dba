import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Generator, runLoad } from "./load-run.ts";
import type { Mode } from "./modes.ts";
import { processTree } from "./process-tree.ts";
import { loadOf } from "./rounds.ts";
import type { RunningPeer } from "./running-peer.ts";

/** System calls of one transaction: all of them, and by name. */
export interface SyscallCount {
  readonly perTransaction: number;
  readonly byName: Readonly<Record<string, number>>;
}

/**
 * Enough connections that several requests wait whenever the server wakes up: it is slow while it
 * is traced, so that the number of wake-ups does not hang on how the scheduler mixes the two.
 */
const connections = 16;
const fewRequests = 400;
const manyRequests = 2400;

/**
 * Counts the system calls of a transaction with strace. Opening connections, timers that tick and
 * the tracing itself cost the same in a long run as in a short one: the difference of two runs
 * leaves only what each transaction adds.
 */
export async function countSyscalls(
  generator: Generator,
  running: RunningPeer,
  mode: Mode,
): Promise<SyscallCount> {
  const load = (requests: number) =>
    runLoad(generator, { ...loadOf(mode, running), connections, requests });
  // Untraced first: code is loaded, socket buffers have grown.
  await load(manyRequests);
  const few = await traced(running, () => load(fewRequests));
  const many = await traced(running, () => load(manyRequests));
  const byName: Record<string, number> = {};
  for (const [name, calls] of many) {
    byName[name] = (calls - (few.get(name) ?? 0)) / (manyRequests - fewRequests);
  }
  const perTransaction = Object.values(byName).reduce((sum, calls) => sum + calls, 0);
  return { perTransaction, byName };
}

/** Runs `work` while strace counts what all processes of the peer call. */
async function traced(
  running: RunningPeer,
  work: () => Promise<unknown>,
): Promise<ReadonlyMap<string, number>> {
  const file = join(running.directory, "strace.txt");
  const pids = processTree(running.pid);
  const args = [
    "-f",
    "-c",
    "-U",
    "calls,name",
    "-o",
    file,
    ...pids.flatMap((pid) => ["-p", `${pid}`]),
  ];
  const strace = spawn("strace", args, { stdio: ["ignore", "ignore", "pipe"] });
  const exit = once(strace, "exit");
  await attached(strace.stderr, pids.length);
  try {
    await work();
  } finally {
    strace.kill("SIGINT");
    await exit;
  }
  return parseCounts(readFileSync(file, "utf8"));
}

/** Waits until strace has said `Process … attached` for every process. */
async function attached(stderr: NodeJS.ReadableStream, processes: number): Promise<void> {
  const said: string[] = [];
  let missing = processes;
  for await (const line of createInterface({ input: stderr })) {
    said.push(line);
    if (/^strace: Process \d+ attached/.test(line)) missing--;
    if (missing === 0) {
      stderr.resume();
      return;
    }
  }
  throw new Error(`strace cannot attach:\n${said.join("\n")}`);
}

/** Reads the lines `   2400 write` of strace's summary. */
function parseCounts(summary: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const [, calls, name = ""] of summary.matchAll(/^\s*(\d+)\s+(\w+)$/gm)) {
    if (name !== "total") counts.set(name, Number(calls));
  }
  return counts;
}

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
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
  const pids = processTree(running.pid);
  const few = await traceProcesses(pids, () => load(fewRequests));
  const many = await traceProcesses(pids, () => load(manyRequests));
  const byName: Record<string, number> = {};
  for (const [name, calls] of many) {
    byName[name] = (calls - (few.get(name) ?? 0)) / (manyRequests - fewRequests);
  }
  const perTransaction = Object.values(byName).reduce((sum, calls) => sum + calls, 0);
  return { perTransaction, byName };
}

/** Whether this user may trace a process here: many containers and hardened kernels forbid it. */
export async function canTrace(): Promise<boolean> {
  const sleeper = spawn("sleep", ["60"], { stdio: "ignore" });
  try {
    await once(sleeper, "spawn");
    await traceProcesses([sleeper.pid ?? 0], async () => undefined);
    return true;
  } catch {
    return false;
  } finally {
    sleeper.kill();
  }
}

/** Runs `work` while strace counts what the processes and all their threads call. */
async function traceProcesses(
  pids: readonly number[],
  work: () => Promise<unknown>,
): Promise<ReadonlyMap<string, number>> {
  const directory = mkdtempSync(join(tmpdir(), "bench-strace-"));
  try {
    const file = join(directory, "counts");
    const targets = pids.flatMap((pid) => ["-p", String(pid)]);
    const strace = spawn("strace", ["-f", "-c", "-U", "calls,name", "-o", file, ...targets], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    const exit = once(strace, "exit");
    try {
      await attached(strace.stderr, pids.length);
      await work();
    } finally {
      strace.kill("SIGINT");
      await exit;
    }
    return parseCounts(readFileSync(file, "utf8"));
  } finally {
    rmSync(directory, { recursive: true });
  }
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

/** The calls that matter, most frequent first: `read 1.00, write 1.00`. */
export function describeSyscalls({ byName }: SyscallCount): string {
  return Object.entries(byName)
    .filter(([, calls]) => calls >= 0.005)
    .sort(([, a], [, b]) => b - a)
    .map(([name, calls]) => `${name} ${calls.toFixed(2)}`)
    .join(", ");
}

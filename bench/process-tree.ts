import { readdirSync, readFileSync } from "node:fs";

/** Resident memory as the kernel counts it. */
export interface Memory {
  /** Everything, the mapped program and files included. */
  readonly residentMiB: number;
  /** What the process has allocated: heap, buffers, stacks. */
  readonly anonymousMiB: number;
}

/** The process and all its living descendants. */
export function processTree(pid: number): readonly number[] {
  return [pid, ...childrenOf(pid).flatMap(processTree)];
}

/** Memory of one process; zero when it has ended. */
export function memoryOf(pid: number): Memory {
  const status = readOrEmpty(`/proc/${pid}/status`);
  const field = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1] ?? 0) / 1024;
  return { residentMiB: field("VmRSS"), anonymousMiB: field("RssAnon") };
}

function childrenOf(pid: number): readonly number[] {
  return tasksOf(pid).flatMap((task) =>
    readOrEmpty(`/proc/${pid}/task/${task}/children`).split(" ").filter(Boolean).map(Number),
  );
}

function tasksOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "";
  }
}

import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";

/** Where servers and load generator run, as prefixes of their commands. */
export interface Placement {
  readonly server: readonly string[];
  readonly generator: readonly string[];
  /** One line for the report. */
  readonly description: string;
}

const runs = (command: string, ...args: readonly string[]): boolean =>
  spawnSync(command, args, { stdio: "ignore" }).status === 0;

/**
 * Servers on CPU 0, the generator on CPU 1, both with real-time priority where that is permitted:
 * otherwise a busy background task of the lowest priority may hold a CPU for milliseconds before
 * the server gets it, which is many times what is measured.
 */
export function findPlacement({ serverCpus }: { readonly serverCpus: number }): Placement {
  const cpus = availableParallelism();
  const realTime = runs("chrt", "-r", "1", "true") ? ["chrt", "-r", "1"] : [];
  const isPinned = cpus > serverCpus && runs("taskset", "-c", "0", "true");
  const pin = (list: string): string[] => (isPinned ? ["taskset", "-c", list] : []);
  const serverList = serverCpus === 1 ? "0" : `0-${serverCpus - 1}`;
  return {
    server: [...realTime, ...pin(serverList)],
    generator: [...realTime, ...pin(String(serverCpus))],
    description: [
      isPinned ? `servers on CPU ${serverList}, generator on CPU ${serverCpus}` : "not pinned",
      realTime.length > 0 ? "real-time priority" : "ordinary priority (chrt is not permitted)",
    ].join(", "),
  };
}

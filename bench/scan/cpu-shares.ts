import { readFileSync } from "node:fs";
import { processTree } from "../process-tree.ts";
import { isMeasured, type Sample } from "../rounds.ts";
import type { RunningPeer } from "../running-peer.ts";
import { short } from "../table.ts";
import type { ScanMode } from "./scan-modes.ts";

/** Clock ticks of `/proc/PID/stat` on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

interface Sum {
  requests: number;
  cpuUs: number;
  readonly secondsByProcess: Map<string, number>;
}

/** What each process of a peer spent, by mode. */
export class CpuShares {
  readonly #peers: readonly RunningPeer[];
  readonly #seen = new Map<number, number>();
  readonly #sums = new Map<string, Sum>();

  constructor(peers: readonly RunningPeer[]) {
    this.#peers = peers;
  }

  /** A run begins: what a peer has spent until now, idle, counts for nothing. */
  begin(peer: string): void {
    const running = this.#peers.find((one) => one.peer.name === peer);
    if (running !== undefined) this.#spent(running);
  }

  /** Counts what a peer has spent since `begin` for a mode. */
  add({ round, peer, mode, report }: Sample): void {
    const running = this.#peers.find((one) => one.peer.name === peer);
    if (running === undefined || !isMeasured({ round })) return;
    const key = `${peer} ${mode}`;
    const sum = this.#sums.get(key) ?? { requests: 0, cpuUs: 0, secondsByProcess: new Map() };
    sum.requests += report.requests;
    sum.cpuUs += report.serverCpuUsPerRequest * report.requests;
    for (const [name, seconds] of this.#spent(running)) {
      sum.secondsByProcess.set(name, (sum.secondsByProcess.get(name) ?? 0) + seconds);
    }
    this.#sums.set(key, sum);
  }

  table(peers: readonly string[], modes: readonly ScanMode[]): string[][] {
    const rows = modes.flatMap(({ name: mode, title }) =>
      peers.flatMap((peer) => {
        const sum = this.#sums.get(`${peer} ${mode}`);
        if (sum === undefined) return [];
        // The ticks of the settling count here, its requests do not: so only their proportions are taken.
        const ticks = [...sum.secondsByProcess.values()].reduce((all, one) => all + one, 0);
        const usPerSecond = sum.cpuUs / Math.max(1, sum.requests) / ticks;
        const shares = [...sum.secondsByProcess].map(
          ([name, seconds]) => `${name} ${short(seconds * usPerSecond)}`,
        );
        return [[title, peer, shares.join(", ")]];
      }),
    );
    return [["mode", "server", "of which"], ...rows];
  }

  #spent({ pid }: RunningPeer): Map<string, number> {
    const spent = new Map<string, number>();
    for (const process of processTree(pid)) {
      const { name, seconds } = cpuOf(process, process === pid);
      const since = seconds - (this.#seen.get(process) ?? 0);
      this.#seen.set(process, seconds);
      spent.set(name, (spent.get(name) ?? 0) + since);
    }
    return spent;
  }
}

function cpuOf(pid: number, isServer: boolean): { name: string; seconds: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const name = /\((?<name>.*)\)/.exec(stat)?.groups?.["name"] ?? "unknown";
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const seconds = (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  const known =
    name === "c-icap"
      ? "server"
      : name === "MainThread" || name.startsWith("node")
        ? "scanner"
        : name;
  return { name: isServer ? "server" : known, seconds };
}

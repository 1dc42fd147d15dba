import type { PeerGroup } from "../peer-group.ts";
import { anchorName, type Peer } from "../peers.ts";
import { findPlacement } from "../placement.ts";
import { describeMachine, machineLine, metWord, targetsLine, writeJson } from "../report.ts";
import { measureRounds } from "../rounds.ts";
import type { RunningPeer } from "../running-peer.ts";
import type { RatioSummary } from "../statistics.ts";
import { type ModeSummary, summarize } from "../summary.ts";
import { short, table } from "../table.ts";
import { note, print, progress } from "../terminal.ts";
import { buildLoadGenerator } from "../toolchain.ts";
import { CpuShares } from "./cpu-shares.ts";
import type { ScanMode } from "./scan-modes.ts";

export interface ScansRun {
  readonly peers: readonly Peer[];
  readonly modes: readonly ScanMode[];
  readonly rounds: number;
  readonly seconds: number;
  readonly connections: number;
  readonly warmUpSeconds: number;
}

/** Each server has been idle for half a minute: V8 has given up memory and code that it needs again. */
const SETTLE_SECONDS = 1;

interface Row extends ModeSummary {
  readonly scan: ScanMode;
}

/**
 * Runs the scanning modes on all peers, interleaved, and prints what all processes of each spent and
 * how it stands beside c-icap with clamd. Servers and generator share all CPUs: a scan is work for more
 * than one process.
 */
export async function measureScans(group: PeerGroup, run: ScansRun): Promise<void> {
  const { peers, modes, rounds, seconds, connections, warmUpSeconds } = run;
  const placement = findPlacement({ serverCpus: Number.POSITIVE_INFINITY });
  const generator = { program: buildLoadGenerator(), placement: placement.generator };
  const machine = describeMachine();
  print(machineLine(machine));
  print(
    `${rounds} rounds of ${seconds} s after ${warmUpSeconds} s, ${connections} connections; ${placement.description}\n`,
  );
  const running: RunningPeer[] = [];
  for (const peer of peers) running.push(await group.start(peer, placement));
  const shares = new CpuShares(running);
  const samples = await measureRounds(generator, running, modes, {
    rounds,
    seconds,
    connections,
    warmUpSeconds,
    onRound: (round) => progress(round === 0 ? "warming up" : `round ${round} of ${rounds}`),
    settleSeconds: SETTLE_SECONDS,
    onStart: (peer) => shares.begin(peer),
    onRun: (sample) => shares.add(sample),
  });
  progress("");
  const names = peers.map((peer) => peer.name);
  const rows = modes.flatMap((scan) =>
    summarize(samples, [scan], names, anchorName).map((summary) => ({
      ...summary,
      scan,
      isMet: isMet(summary, scan),
    })),
  );
  print(table([heading, ...rows.map(rowOf)]));
  print("\nCPU µs of each process, helpers included");
  print(table(shares.table(names, modes)));
  const judged = rows.filter((row) => row.peer !== anchorName);
  print(`\n${targetsLine(judged)}`);
  note(writeJson("scans", { machine, rounds, seconds, connections, rows, samples }));
}

const heading = "mode,server,req/s,CPU µs,p50 µs,req/s ratio,CPU ratio,p50 ratio,target,met".split(
  ",",
);

function rowOf(row: Row, index: number, all: readonly Row[]): string[] {
  return [
    all[index - 1]?.mode === row.mode ? "" : row.title,
    row.peer,
    short(row.requestsPerSecond),
    short(row.cpuUs),
    short(row.p50Us),
    ratioText(row.throughputRatio),
    ratioText(row.cpuRatio),
    ratioText(row.latencyRatio),
    row.cpuRatio === undefined ? "" : targetText(row.scan),
    metWord(row.isMet),
  ];
}

function ratioText(ratio: RatioSummary | undefined): string {
  if (ratio === undefined) return "";
  return `${ratio.median.toFixed(2)} [${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)}]`;
}

function targetText({ maxCpuRatio, maxLatencyRatio, minThroughputRatio }: ScanMode): string {
  return minThroughputRatio === undefined
    ? `CPU ≤ ${maxCpuRatio}, p50 ≤ ${maxLatencyRatio}`
    : `req/s ≥ ${minThroughputRatio}`;
}

function isMet(
  { cpuRatio, latencyRatio, throughputRatio }: ModeSummary,
  { maxCpuRatio, maxLatencyRatio, minThroughputRatio }: ScanMode,
): boolean | undefined {
  if (cpuRatio === undefined) return undefined;
  return (
    cpuRatio.median <= maxCpuRatio &&
    (latencyRatio?.median ?? 0) <= (maxLatencyRatio ?? Number.POSITIVE_INFINITY) &&
    (throughputRatio?.median ?? 0) >= (minThroughputRatio ?? 0)
  );
}

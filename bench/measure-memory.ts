import { setTimeout as sleep } from "node:timers/promises";
import { type LoadOptions, type LoadReport, runLoad } from "./load-run.ts";
import type { PeerGroup } from "./peer-group.ts";
import type { Peer } from "./peers.ts";
import { findPlacement } from "./placement.ts";
import { type Memory, memoryOf, processTree } from "./process-tree.ts";
import { describeMachine, machineLine, metWord, targetsLine, writeJson } from "./report.ts";
import type { RunningPeer } from "./running-peer.ts";
import { median } from "./statistics.ts";
import { table } from "./table.ts";
import { note, print, progress } from "./terminal.ts";
import { buildLoadGenerator } from "./toolchain.ts";

/** A load under which the memory of one worker is watched. */
export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly load: Omit<LoadOptions, "port" | "pid">;
  /** Peak of resident memory. */
  readonly maxResidentMiB?: number;
  /** How much more memory the worker holds in the last third of the run than in the one before. */
  readonly maxGrowthMiB?: number;
}

const mib = 1024 * 1024;
const flat = 16;

export const scenarios: readonly Scenario[] = [
  {
    name: "few",
    title: "16 connections, 100 KB echo",
    load: { service: "echo", mode: "echo", body: 100 * 1024, expect: 200, seconds: 8 },
    maxResidentMiB: 120,
  },
  {
    name: "many",
    title: "2,000 busy connections, 1 KB echo",
    load: {
      service: "echo",
      mode: "echo",
      body: 1024,
      expect: 200,
      connections: 2000,
      seconds: 8,
    },
    maxResidentMiB: 200,
  },
  {
    name: "many-large",
    title: "2,000 busy connections, 100 KB echo",
    load: {
      service: "echo",
      mode: "echo",
      body: 100 * 1024,
      expect: 200,
      connections: 2000,
      seconds: 8,
    },
  },
  {
    name: "slow-reader",
    title: "1 GiB echoed to a slow reader",
    load: {
      service: "echo",
      mode: "echo",
      body: 1024 * mib,
      expect: 200,
      connections: 1,
      requests: 1,
      readRate: 40 * mib,
      receiveBuffer: mib,
    },
    maxGrowthMiB: flat,
  },
  {
    name: "slow-readers",
    title: "200 slow readers, 5 MB echo each",
    load: {
      service: "echo",
      mode: "echo",
      body: 5_000_000,
      expect: 200,
      connections: 200,
      requests: 200,
      readRate: 250_000,
      receiveBuffer: 16_384,
    },
    maxGrowthMiB: flat,
  },
  {
    name: "scans",
    title: "200 clients send 100 MB each to /scan",
    load: {
      service: "scan",
      mode: "read",
      body: 100_000_000,
      connections: 200,
      requests: 200,
      unique: true,
    },
    maxGrowthMiB: flat,
  },
];

interface MemoryRun {
  readonly scenarios: readonly Scenario[];
  readonly peer: Peer;
}

interface MemoryResult {
  readonly scenario: string;
  readonly idle: Memory;
  readonly peak: Memory;
  readonly growthMiB: number;
  /** One every `sampleMs`. */
  readonly samples: readonly Memory[];
  readonly report: LoadReport;
  readonly isMet: boolean | undefined;
}

const sampleMs = 100;

/** Runs each scenario on a fresh worker and prints what memory it took. */
export async function measureMemory(group: PeerGroup, run: MemoryRun): Promise<void> {
  const placement = findPlacement({ serverCpus: 1 });
  const generator = { program: buildLoadGenerator(), placement: placement.generator };
  const machine = describeMachine();
  print(`${machineLine(machine)}\n`);
  const results: MemoryResult[] = [];
  for (const scenario of run.scenarios) {
    const running = await group.start(run.peer, placement);
    const idle = treeMemory(running);
    const load = runLoad(generator, { ...scenario.load, port: running.port, pid: running.pid });
    const samples = await sampleUntil(load, running, scenario.title);
    results.push(judge(scenario, idle, samples, await load));
    await group.stop(running);
  }
  progress("");
  print(memoryTable(run.scenarios, results));
  print(`\n${targetsLine(results)}`);
  note(writeJson("memory", { machine, results }));
}

function treeMemory({ pid }: RunningPeer): Memory {
  const memories = processTree(pid).map(memoryOf);
  const sum = (pick: (memory: Memory) => number): number =>
    memories.reduce((total, memory) => total + pick(memory), 0);
  return {
    residentMiB: sum((memory) => memory.residentMiB),
    anonymousMiB: sum((memory) => memory.anonymousMiB),
  };
}

async function sampleUntil(
  load: Promise<unknown>,
  running: RunningPeer,
  title: string,
): Promise<readonly Memory[]> {
  const samples: Memory[] = [];
  let isRunning = true;
  const end = (): void => {
    isRunning = false;
  };
  load.then(end, end);
  while (isRunning) {
    const memory = treeMemory(running);
    samples.push(memory);
    progress(`${title}: ${memory.residentMiB.toFixed(0)} MiB`);
    await sleep(sampleMs);
  }
  return samples;
}

function judge(
  scenario: Scenario,
  idle: Memory,
  samples: readonly Memory[],
  report: LoadReport,
): MemoryResult {
  const anonymous = samples.map((sample) => sample.anonymousMiB);
  const peak = {
    residentMiB: Math.max(...samples.map((sample) => sample.residentMiB)),
    anonymousMiB: Math.max(...anonymous),
  };
  const third = Math.ceil(anonymous.length / 3);
  const growthMiB = median(anonymous.slice(-third)) - median(anonymous.slice(third, 2 * third));
  const { maxResidentMiB, maxGrowthMiB } = scenario;
  const isMet =
    maxResidentMiB === undefined && maxGrowthMiB === undefined
      ? undefined
      : peak.residentMiB <= (maxResidentMiB ?? Number.POSITIVE_INFINITY) &&
        growthMiB <= (maxGrowthMiB ?? Number.POSITIVE_INFINITY);
  return { scenario: scenario.name, idle, peak, growthMiB, samples, report, isMet };
}

function memoryTable(selected: readonly Scenario[], results: readonly MemoryResult[]): string {
  const heading = "scenario,idle,peak RSS MiB,of it own,growth,seconds,answers,target,met";
  const rows = results.map((result, index) => {
    const { title = "", maxResidentMiB, maxGrowthMiB } = selected[index] ?? {};
    return [
      title,
      result.idle.residentMiB.toFixed(0),
      result.peak.residentMiB.toFixed(0),
      result.peak.anonymousMiB.toFixed(0),
      result.growthMiB.toFixed(0),
      result.report.seconds.toFixed(1),
      answers(result.report),
      target(maxResidentMiB, maxGrowthMiB),
      metWord(result.isMet),
    ];
  });
  return table([heading.split(","), ...rows]);
}

function answers({ statuses, failures }: LoadReport): string {
  const counts = Object.entries(statuses).map(([status, count]) => `${count} × ${status}`);
  return [...counts, ...(failures > 0 ? [`${failures} failed`] : [])].join(", ");
}

function target(maxResidentMiB: number | undefined, maxGrowthMiB: number | undefined): string {
  if (maxResidentMiB !== undefined) return `peak ≤ ${maxResidentMiB}`;
  return maxGrowthMiB === undefined ? "" : `growth ≤ ${maxGrowthMiB}`;
}

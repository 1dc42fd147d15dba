import { readdirSync } from "node:fs";
import { join } from "node:path";
import { Bench } from "tinybench";
import type { MicroSuite, MicroTask } from "./micro/suite.ts";
import { describeMachine, machineLine, writeJson } from "./report.ts";
import { short, table } from "./table.ts";
import { note, print, progress } from "./terminal.ts";

const warmUpMs = 200;
const measureMs = 600;
/** Many operations between two looks at the clock, which costs as much as some of them. */
const batchUs = 100;

interface MicroResult {
  readonly suite: string;
  readonly task: string;
  readonly ns: number;
  readonly p99Ns: number;
  readonly mibPerSecond: number | undefined;
}

/** Runs the suites of `bench/micro` whose file name contains `filter`, and prints one table. */
export async function measureMicro(filter: string): Promise<void> {
  const directory = join(import.meta.dirname, "micro");
  const files = readdirSync(directory).filter(
    (name) => name.endsWith(".bench.ts") && name.includes(filter),
  );
  const results: MicroResult[] = [];
  for (const file of files) {
    const { suite }: { suite: MicroSuite } = await import(join(directory, file));
    for (const task of suite.tasks) {
      progress(`${suite.title}: ${task.name}`);
      results.push(await measureTask(suite, task));
    }
    await suite.close?.();
  }
  progress("");
  const machine = describeMachine();
  print(`${machineLine(machine)}\n`);
  print(table([["", "", "ns", "p99 ns", "MiB/s"], ...results.map(row)]));
  note(writeJson("micro", { machine, results }));
}

async function measureTask(suite: MicroSuite, task: MicroTask): Promise<MicroResult> {
  const batch = batchFor(task);
  const bench = new Bench({ time: measureMs, warmupTime: warmUpMs });
  bench.add(task.name, () => {
    let made: unknown;
    for (let i = 0; i < batch; i++) made = task.run();
    return made;
  });
  const [{ result } = {}] = await bench.run();
  if (result?.state !== "completed") {
    throw new Error(`${suite.title}: ${task.name} failed`, { cause: result });
  }
  const ns = (result.latency.p50 * 1e6) / batch;
  return {
    suite: suite.title,
    task: task.name,
    ns,
    p99Ns: (result.latency.p99 * 1e6) / batch,
    mibPerSecond: task.bytes && task.bytes / 2 ** 20 / (ns / 1e9),
  };
}

/** How many operations take about `batchUs`. */
function batchFor({ run }: MicroTask): number {
  const rehearsals = 1000;
  const began = performance.now();
  for (let i = 0; i < rehearsals; i++) run();
  const usPerRun = ((performance.now() - began) * 1000) / rehearsals;
  return Math.max(1, Math.round(batchUs / usPerRun));
}

function row(result: MicroResult, index: number, all: readonly MicroResult[]): string[] {
  return [
    all[index - 1]?.suite === result.suite ? "" : result.suite,
    result.task,
    short(result.ns),
    short(result.p99Ns),
    result.mibPerSecond === undefined ? "" : short(result.mibPerSecond),
  ];
}

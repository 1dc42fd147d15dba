/**
 * `npm run bench`: Sluice beside c-icap, on this machine, in one table. `bench/README.md` says how
 * to run it and how to read it.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { measureMemory, scenarios } from "./measure-memory.ts";
import { measureMicro } from "./measure-micro.ts";
import { measureModes } from "./measure-modes.ts";
import { measureSyscalls } from "./measure-syscalls.ts";
import { modeNamed, modes } from "./modes.ts";
import { PeerGroup } from "./peer-group.ts";
import { anyServer, cIcap, type Peer, sluice } from "./peers.ts";
import { recordResult } from "./record.ts";
import { Revision } from "./revision.ts";
import { measureScans } from "./scan/measure-scans.ts";
import { scanModes } from "./scan/scan-modes.ts";
import { cIcapWithClamd, sluiceWithClamd } from "./scan/scan-peers.ts";
import { print, result } from "./terminal.ts";
import { buildRevision, buildSluice, MissingTool } from "./toolchain.ts";

const usage = `npm run bench [-- COMMAND] [options]

  modes               the protocol modes beside c-icap (the default)
  compare REVISION    the same, with Sluice of another git revision as a third server
  memory              memory under many, slow and large transactions
  scans               the whole scanning path beside c-icap, both with clamd
  syscalls            system calls per transaction
  micro [NAME]        single functions on captured input

  --modes a,b         only these: ${modes.map((mode) => mode.name).join(", ")}
  --rounds N          rounds (7)
  --seconds N         seconds of each run (0.6)
  --quick             3 rounds of 0.3 s: enough to see a blunder
  --connections N     keep-alive connections (16; scans: 8)
  --workers N         processes of Sluice, and CPUs for the servers (1)
  --vs NAME=COMMAND   another server that answers /echo as Sluice does; {port} is replaced; repeatable
  --only a,b          servers by name: c-icap, sluice
  --source            Sluice from its sources, not built
  --scenarios a,b     of memory: ${scenarios.map((scenario) => scenario.name).join(", ")}
  --flag=--NAME=VALUE a flag for Sluice, repeatable
  --record            put the result into docs/performance.md
`;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    modes: { type: "string" },
    rounds: { type: "string" },
    seconds: { type: "string" },
    quick: { type: "boolean", default: false },
    connections: { type: "string" },
    workers: { type: "string", default: "1" },
    vs: { type: "string", multiple: true, default: [] },
    only: { type: "string" },
    source: { type: "boolean", default: false },
    scenarios: { type: "string" },
    flag: { type: "string", multiple: true, default: [] },
    record: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

const [command = "modes", argument] = positionals;
const workers = Number(options.workers);
const selectedModes =
  command === "scans" ? [] : (options.modes?.split(",").map(modeNamed) ?? modes);
const group = new PeerGroup();

const isWanted = (list: string | undefined, name: string): boolean =>
  list?.split(",").includes(name) ?? true;

function thisSluice(...more: readonly string[]): Peer {
  const flags = [...more, ...options.flag];
  return sluice(options.source ? { workers, flags } : { workers, flags, program: buildSluice() });
}

function selectedPeers(): readonly Peer[] {
  return [
    ...(isWanted(options.only, "c-icap") ? [cIcap()] : []),
    ...(isWanted(options.only, "sluice") ? [thisSluice()] : []),
    ...options.vs.map(anyServer),
  ];
}

async function runModes(peers: readonly Peer[]): Promise<void> {
  await measureModes(group, {
    peers,
    modes: selectedModes,
    rounds: Number(options.rounds ?? (options.quick ? 3 : 7)),
    seconds: Number(options.seconds ?? (options.quick ? 0.3 : 0.6)),
    connections: Number(options.connections ?? 16),
    serverCpus: workers,
  });
}

async function runCompare(revision: string): Promise<void> {
  const other = Revision.checkOut(revision);
  try {
    const { name, directory } = other;
    const program = buildRevision(directory);
    await runModes([...selectedPeers(), sluice({ name, program, workers })]);
  } finally {
    await group.stopAll();
    other.remove();
  }
}

async function runScans(): Promise<void> {
  const program = options.source
    ? join(import.meta.dirname, "..", "src", "main.ts")
    : buildSluice();
  const own = { program, flags: options.flag };
  await measureScans(group, {
    peers: [
      cIcapWithClamd(),
      sluiceWithClamd({ ...own, name: "sluice" }),
      sluiceWithClamd({ ...own, name: "sluice+redis", redis: true }),
    ].filter(({ name }) => isWanted(options.only, name)),
    modes: scanModes.filter(({ name }) => isWanted(options.modes, name)),
    rounds: Number(options.rounds ?? (options.quick ? 3 : 7)),
    seconds: Number(options.seconds ?? (options.quick ? 1 : 2)),
    connections: Number(options.connections ?? 8),
    // Two processes of JavaScript and a few hundred requests a second: compiled code takes its time.
    warmUpSeconds: options.quick ? 3 : 15,
  });
}

async function main(): Promise<void> {
  if (options.help) return print(usage);
  switch (command) {
    case "modes":
      return await runModes(selectedPeers());
    case "compare":
      return await runCompare(argument ?? "HEAD");
    case "memory":
      return await measureMemory(group, {
        // One address stands for all clients here; its share of the connections would end at 1,000.
        peer: thisSluice("--limits-max-connections-per-client=10000"),
        scenarios: scenarios.filter(({ name }) => isWanted(options.scenarios, name)),
      });
    case "scans":
      return await runScans();
    case "syscalls":
      return await measureSyscalls(group, { peers: selectedPeers(), modes: selectedModes });
    case "micro":
      return await measureMicro(argument ?? "");
    default:
      throw new Error(`no command ${command}\n\n${usage}`);
  }
}

let isInterrupted = false;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    isInterrupted = true;
    void group.stopAll().finally(() => process.exit(130));
  });
}

try {
  await main();
  if (options.record) recordResult(command, result());
} catch (error) {
  const text = error instanceof MissingTool ? error.message : String(error);
  // What goes wrong when the servers are taken away is no news.
  if (!isInterrupted) process.stderr.write(`${text}\n`);
  process.exitCode = 1;
} finally {
  await group.stopAll();
}

import type { Mode } from "./modes.ts";
import type { PeerGroup } from "./peer-group.ts";
import { anchorName, type Peer } from "./peers.ts";
import { findPlacement } from "./placement.ts";
import { describeMachine, machineLine, modesTable, targetsLine, writeJson } from "./report.ts";
import { measureRounds } from "./rounds.ts";
import type { RunningPeer } from "./running-peer.ts";
import { summarize } from "./summary.ts";
import { note, print, progress } from "./terminal.ts";
import { buildLoadGenerator } from "./toolchain.ts";

export interface ModesRun {
  readonly peers: readonly Peer[];
  readonly modes: readonly Mode[];
  readonly rounds: number;
  readonly seconds: number;
  readonly connections: number;
  /** CPUs for the servers; the generator has the next one. */
  readonly serverCpus: number;
}

/** Runs the protocol modes on all peers, interleaved, and prints the table. */
export async function measureModes(group: PeerGroup, run: ModesRun): Promise<void> {
  const { peers, modes, rounds, seconds, connections, serverCpus } = run;
  const placement = findPlacement({ serverCpus });
  const generator = { program: buildLoadGenerator(), placement: placement.generator };
  const machine = describeMachine();
  print(machineLine(machine));
  print(`${rounds} rounds of ${seconds} s, ${connections} connections; ${placement.description}\n`);
  const running: RunningPeer[] = [];
  for (const peer of peers) running.push(await group.start(peer, placement));
  const samples = await measureRounds(generator, running, modes, {
    rounds,
    seconds,
    connections,
    onRound: (round) => progress(round === 0 ? "warming up" : `round ${round} of ${rounds}`),
  });
  progress("");
  const names = peers.map((peer) => peer.name);
  const summaries = summarize(samples, modes, names, anchorName);
  print(modesTable(summaries));
  if (summaries.some((summary) => summary.isGeneratorBound)) {
    print("* the load generator was busy all the time: the server could have done more");
  }
  print(`\n${targetsLine(summaries.filter((summary) => summary.peer === "sluice"))}`);
  const settings = { rounds, seconds, connections, placement: placement.description };
  note(writeJson("modes", { machine, settings, summaries, samples }));
}

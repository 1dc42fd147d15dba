import type { Mode } from "./modes.ts";
import type { PeerGroup } from "./peer-group.ts";
import type { Peer } from "./peers.ts";
import { describeMachine, machineLine } from "./report.ts";
import { countSyscalls, describeSyscalls } from "./syscalls.ts";
import { table } from "./table.ts";
import { print, progress } from "./terminal.ts";
import { buildLoadGenerator, isInstalled, MissingTool } from "./toolchain.ts";

/** Prints the system calls per transaction of each peer in each mode. */
export async function measureSyscalls(
  group: PeerGroup,
  { peers, modes }: { readonly peers: readonly Peer[]; readonly modes: readonly Mode[] },
): Promise<void> {
  if (!isInstalled("strace")) throw new MissingTool("strace", "strace");
  const generator = { program: buildLoadGenerator(), placement: [] };
  const rows = [["mode", "server", "calls", "of which"]];
  for (const peer of peers) {
    const running = await group.start(peer, { server: [] });
    for (const mode of modes.filter(isCountable)) {
      progress(`${peer.name}: ${mode.title}`);
      const count = await countSyscalls(generator, running, mode);
      rows.push([mode.title, peer.name, count.perTransaction.toFixed(2), describeSyscalls(count)]);
    }
    await group.stop(running);
  }
  progress("");
  print(`${machineLine(describeMachine())}\n`);
  print(table(rows));
}

/** Thousands of large bodies through strace would take minutes and tell nothing new. */
const isCountable = (mode: Mode): boolean => mode.bodyBytes < 1_000_000;

import { type Generator, type LoadReport, runLoad } from "./load-run.ts";
import type { Mode } from "./modes.ts";
import type { RunningPeer } from "./running-peer.ts";

export interface RoundOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly connections: number;
  /** Told before each round; round 0 is the warm-up. */
  readonly onRound?: (round: number) => void;
  /** Told after each run, the warm-up's too. */
  readonly onRun?: (peer: string, mode: string, report: LoadReport) => void;
}

/** One short load run. */
export interface Sample {
  readonly round: number;
  readonly mode: string;
  readonly peer: string;
  readonly report: LoadReport;
}

const settleSeconds = 0.1;

/**
 * Runs every mode on every peer in every round, in an order that rotates from round to round, with
 * all peers alive all the time: a machine that gets slower for a minute does so for everyone.
 */
export async function measureRounds(
  generator: Generator,
  peers: readonly RunningPeer[],
  modes: readonly Mode[],
  options: RoundOptions,
): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  for (let round = 0; round <= options.rounds; round++) {
    options.onRound?.(round);
    for (const [index, mode] of rotated(modes, round).entries()) {
      for (const running of rotated(peers, round + index)) {
        const report = await runLoad(generator, {
          ...loadOf(mode, running),
          connections: options.connections,
          warmUp: settleSeconds,
          seconds: options.seconds,
        });
        options.onRun?.(running.peer.name, mode.name, report);
        // Round 0 only warms up: code is compiled, socket buffers have grown.
        if (round > 0) samples.push({ round, mode: mode.name, peer: running.peer.name, report });
      }
    }
  }
  return samples;
}

/** What the load generator must know to run a mode on a peer. */
export function loadOf(mode: Mode, { peer, port, pid }: RunningPeer) {
  return {
    port,
    pid,
    service: peer.paths[mode.role],
    mode: mode.load,
    body: mode.bodyBytes,
    expect: mode.status,
    unique: mode.unique ?? true,
  };
}

function rotated<T>(items: readonly T[], by: number): readonly T[] {
  const start = by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}

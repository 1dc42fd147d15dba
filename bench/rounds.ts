import { type Generator, type LoadReport, runLoad } from "./load-run.ts";
import type { Mode } from "./modes.ts";
import type { RunningPeer } from "./running-peer.ts";

export interface RoundOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly connections: number;
  /** Seconds of each run of the warm-up; left out: as the others. */
  readonly warmUpSeconds?: number;
  /** Load before each measured run, by which a server that was idle is at work again. */
  readonly settleSeconds?: number;
  /** Told before each run. */
  readonly onStart?: (peer: string) => void;
  /** Told before each round; round 0 is the warm-up. */
  readonly onRound?: (round: number) => void;
  /** Told after each run, the warm-up's too. */
  readonly onRun?: (sample: Sample) => void;
}

/** One short load run. */
export interface Sample {
  readonly round: number;
  readonly mode: string;
  readonly peer: string;
  readonly report: LoadReport;
}

const SETTLE_SECONDS = 0.1;

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
        options.onStart?.(running.peer.name);
        const report = await runLoad(generator, {
          ...loadOf(mode, running),
          connections: options.connections,
          warmUp: options.settleSeconds ?? SETTLE_SECONDS,
          seconds: secondsOf(round, options),
        });
        const sample = { round, mode: mode.name, peer: running.peer.name, report };
        options.onRun?.(sample);
        samples.push(sample);
      }
    }
  }
  return samples.filter(isMeasured);
}

/** Round 0 only warms up: code is compiled, socket buffers have grown. */
export function isMeasured({ round }: Pick<Sample, "round">): boolean {
  return round > 0;
}

function secondsOf(round: number, { seconds, warmUpSeconds = seconds }: RoundOptions): number {
  return isMeasured({ round }) ? seconds : warmUpSeconds;
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

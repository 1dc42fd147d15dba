import type { Mode } from "./modes.ts";
import type { Sample } from "./rounds.ts";
import { median, pairedRatio, type RatioSummary } from "./statistics.ts";

/** A mode on a peer, over all rounds: medians. */
export interface ModeSummary {
  readonly mode: string;
  readonly title: string;
  readonly peer: string;
  readonly requestsPerSecond: number;
  readonly cpuUs: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly residentMiB: number;
  /** CPU time per transaction as a share of the anchor's; absent for the anchor. */
  readonly cpuRatio: RatioSummary | undefined;
  /** Requests per second as a multiple of the anchor's. */
  readonly throughputRatio: RatioSummary | undefined;
  /** Median latency as a share of the anchor's. */
  readonly latencyRatio: RatioSummary | undefined;
  readonly target: number | undefined;
  readonly isMet: boolean | undefined;
  /** The generator had no CPU time left: req/s says how fast it is, not the server. */
  readonly isGeneratorBound: boolean;
}

const generatorIsFull = 0.93;

/** Sums up the samples: one entry for each mode and peer, in the order given. */
export function summarize(
  samples: readonly Sample[],
  modes: readonly Mode[],
  peerNames: readonly string[],
  anchor: string,
): readonly ModeSummary[] {
  return modes.flatMap((mode) => {
    const ofPeer = (peer: string) =>
      samples
        .filter((sample) => sample.mode === mode.name && sample.peer === peer)
        .sort((a, b) => a.round - b.round)
        .map((sample) => sample.report);
    const anchors = ofPeer(anchor);
    return peerNames.map((peer): ModeSummary => {
      const reports = ofPeer(peer);
      const series = (pick: (report: Sample["report"]) => number) => reports.map(pick);
      const ratio = (pick: (report: Sample["report"]) => number) =>
        peer === anchor ? undefined : pairedRatio(series(pick), anchors.map(pick));
      const cpuRatio = ratio((report) => report.serverCpuUsPerRequest);
      return {
        mode: mode.name,
        title: mode.title,
        peer,
        requestsPerSecond: median(series((report) => report.requestsPerSecond)),
        cpuUs: median(series((report) => report.serverCpuUsPerRequest)),
        p50Us: median(series((report) => report.p50Us)),
        p99Us: median(series((report) => report.p99Us)),
        residentMiB: median(series((report) => report.residentKiB)) / 1024,
        cpuRatio,
        throughputRatio: ratio((report) => report.requestsPerSecond),
        latencyRatio: ratio((report) => report.p50Us),
        target: cpuRatio && mode.maxCpuRatio,
        isMet: cpuRatio && cpuRatio.median <= mode.maxCpuRatio,
        isGeneratorBound: median(series((report) => report.generatorBusy)) > generatorIsFull,
      };
    });
  });
}

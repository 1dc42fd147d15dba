import { type Mode, Role } from "../modes.ts";

/** A mode of the scanning path and what it is held to, beside c-icap with clamd. */
export interface ScanMode extends Mode {
  /** Median latency as a share of the anchor's: at most this. */
  readonly maxLatencyRatio?: number;
  /** Requests per second as a multiple of the anchor's: at least this. */
  readonly minThroughputRatio?: number;
}

const kib = 1024;

const shared = { load: "read", role: Role.Read, status: 204 } as const;
/** A repeated body is judged by its requests per second: whoever remembers does not scan. */
const NO_CPU_TARGET = Number.POSITIVE_INFINITY;

export const scanModes: readonly ScanMode[] = [
  {
    ...shared,
    name: "unique-100k",
    title: "100 KB, each new",
    bodyBytes: 100 * kib,
    unique: true,
    maxCpuRatio: 1.4,
    maxLatencyRatio: 1.3,
  },
  {
    ...shared,
    name: "unique-1m",
    title: "1 MB, each new",
    bodyBytes: 1024 * kib,
    unique: true,
    maxCpuRatio: 1.4,
    maxLatencyRatio: 1.3,
  },
  {
    ...shared,
    name: "repeated-100k",
    title: "100 KB, the same",
    bodyBytes: 100 * kib,
    unique: false,
    maxCpuRatio: NO_CPU_TARGET,
    minThroughputRatio: 2.5,
  },
  {
    ...shared,
    name: "repeated-1m",
    title: "1 MB, the same",
    bodyBytes: 1024 * kib,
    unique: false,
    maxCpuRatio: NO_CPU_TARGET,
    minThroughputRatio: 3.5,
  },
];

import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import type { LoadMode } from "./modes.ts";

/** What the load generator is asked to do; the words are those of its flags. */
export interface LoadOptions {
  readonly port: number;
  readonly service: string;
  readonly mode: LoadMode;
  readonly body?: number;
  readonly connections?: number;
  readonly warmUp?: number;
  readonly seconds?: number;
  readonly requests?: number;
  readonly rate?: number;
  readonly expect?: number;
  readonly readRate?: number;
  readonly receiveBuffer?: number;
  readonly pid?: number;
  readonly unique?: boolean;
}

/** What the load generator reports. */
export interface LoadReport {
  readonly seconds: number;
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly bytesInPerSecond: number;
  readonly bytesOutPerSecond: number;
  readonly p50Us: number;
  readonly p90Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  readonly maxUs: number;
  readonly failures: number;
  readonly wrongAnswers: number;
  readonly closes: number;
  readonly continues: number;
  readonly statuses: Readonly<Record<string, number>>;
  readonly serverCpuUsPerRequest: number;
  readonly serverBusy: number;
  readonly generatorBusy: number;
  readonly stolenSeconds: number;
  readonly residentKiB: number;
  readonly anonymousKiB: number;
}

/** The load generator with the prefix that places it on its CPU. */
export interface Generator {
  readonly program: string;
  readonly placement: readonly string[];
}

/**
 * Runs the load generator once. Throws when an answer failed or was wrong, unless no status was
 * expected: then the report tells.
 */
export async function runLoad(generator: Generator, options: LoadOptions): Promise<LoadReport> {
  const [program = "", ...args] = [...generator.placement, generator.program, ...flagsOf(options)];
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  const [output, errors] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  const isLenient = options.expect === undefined && output !== "";
  if (child.exitCode !== 0 && !isLenient) {
    const what = `${options.mode} ${options.body ?? 0} on /${options.service}`;
    throw new Error(`wrong answers to ${what}; this run is void:\n${errors}${output}`);
  }
  return JSON.parse(output) as LoadReport;
}

function flagsOf(options: LoadOptions): string[] {
  return Object.entries(options).flatMap(([name, value]) => {
    const flag = `--${name.replaceAll(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`)}`;
    if (value === undefined || value === false) return [];
    return value === true ? [flag] : [flag, String(value)];
  });
}

import { EventEmitter } from "node:events";
import { resourceTools } from "../../../src/app/resources.ts";
import { scannerTools } from "../../../src/app/scanner-tools.ts";
import { scannerServer } from "../../../src/app/scanners/scanner-server.ts";
import { type CliContext, runCli, type StartApp } from "../../../src/cli/index.ts";

export interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface FakeProcess {
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  readonly stdin?: AsyncIterable<Uint8Array>;
  readonly signals?: EventEmitter;
  readonly startApp?: StartApp;
}

const neverStarted: StartApp = () => Promise.reject(new Error("serve was not expected"));

/** Runs a command of the command line with everything around it made up. */
export async function run(argv: readonly string[], fake: FakeProcess = {}): Promise<Run> {
  let stdout = "";
  let stderr = "";
  const context: CliContext = {
    argv,
    stdin: fake.stdin ?? nothing(),
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    programName: "sluice",
    sourcesFor: (flags) => ({
      argv: flags,
      env: fake.env ?? {},
      readFile: (path) => fake.files?.[path] ?? missing(path),
    }),
    signals: fake.signals ?? new EventEmitter(),
    startApp: fake.startApp ?? neverStarted,
    scannerServer: () => Promise.resolve(scannerServer),
    scannerTools: () => Promise.resolve(scannerTools),
    resourceTools: () => Promise.resolve(resourceTools),
  };
  const code = await runCli(context);
  return { code, stdout, stderr };
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

function missing(path: string): never {
  const text = `ENOENT: no such file or directory, open '${path}'`;
  throw Object.assign(new Error(text), { code: "ENOENT", errno: -2 });
}

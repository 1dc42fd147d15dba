import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ExecConfig } from "./exec-config.ts";
import { runProgram } from "./program-run.ts";

const VERSION_TIMEOUT_MS = 30_000;
const MAX_VERSION_BYTES = 64 * 1024;
const MAX_VERSION_CHARS = 120;
const DIGEST_CHARS = 16;

export interface ExecEpoch {
  readonly epoch: string;
  /** First line of what the version command says. */
  readonly version: string | undefined;
}

/**
 * Identity of a program with its configuration, equal on every replica: its name, what its version
 * command says (without one, the hash of the program itself) and a hash over the configuration
 * and the content of the files that decide its verdicts. Rejects when one of them is not to be had.
 */
export async function execEpoch(config: ExecConfig, signal: AbortSignal): Promise<ExecEpoch> {
  const hash = createHash("sha256").update(JSON.stringify(config));
  const { command, files } = config.epoch;
  const said = command === undefined ? undefined : await versionOf(config, command, signal);
  if (said === undefined) await addFile(hash, config.command);
  else hash.update(said);
  for (const path of files) await addPath(hash, path);
  const digest = hash.digest("hex").slice(0, DIGEST_CHARS);
  const version = said === undefined ? undefined : firstLine(said);
  const engine = version === undefined ? config.name : `${config.name} ${version}`;
  return { epoch: `${engine};${digest}`, version };
}

async function versionOf(
  { environment, limits }: ExecConfig,
  [command, ...args]: readonly [string, ...string[]],
  signal: AbortSignal,
): Promise<string> {
  const { exitCode, stdout } = await runProgram({
    ...{ command, args, environment },
    directory: tmpdir(),
    maxStdoutBytes: MAX_VERSION_BYTES,
    maxStderrBytes: limits.stderr,
    signal: AbortSignal.any([signal, AbortSignal.timeout(VERSION_TIMEOUT_MS)]),
  });
  if (exitCode !== 0) throw new Error(`${command} ended with ${exitCode}`);
  return stdout;
}

/** What fits into a header field. */
function firstLine(text: string): string {
  const [line = ""] = text.trim().split("\n", 1);
  return line
    .replace(/[^\x21-\x7e]+/g, " ")
    .trim()
    .slice(0, MAX_VERSION_CHARS);
}

/** A file, or the files directly in a directory by name. */
async function addPath(hash: Hash, path: string): Promise<void> {
  if (!(await stat(path)).isDirectory()) return await addFile(hash, path);
  const entries = await readdir(path, { withFileTypes: true });
  for (const name of entries.map((entry) => entry.name).sort()) {
    const file = join(path, name);
    if (!(await stat(file)).isFile()) continue;
    hash.update(`\0${name}\0`);
    await addFile(hash, file);
  }
}

async function addFile(hash: Hash, path: string): Promise<void> {
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
}

import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import type { ProgramResult } from "./result-language.ts";

export interface ProgramCall {
  /** Absolute; nothing looks it up, and no shell reads it. */
  readonly command: string;
  readonly args: readonly string[];
  /** All of its environment, but `TMPDIR`, which is the directory. */
  readonly environment: Readonly<Record<string, string>>;
  readonly directory: string;
  /** What is written to its standard input; without it, that is empty. */
  readonly input?: AsyncIterable<Buffer> | undefined;
  /** Where standard output goes in place of the result. May reject, which ends the program. */
  readonly takeStdout?: ((chunk: Buffer) => Promise<void>) | undefined;
  readonly maxStdoutBytes: number;
  /** What comes after it is read and thrown away. */
  readonly maxStderrBytes: number;
  readonly signal: AbortSignal;
}

/** A program that could not be run, or not to its end. */
export class ProgramFailure extends Error {}

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** How long output may go on after the end of a program whose pipes somebody else holds. */
const PIPE_GRACE_MS = 2000;
/** How long a program that was killed may take to go. */
const KILL_GRACE_MS = 2000;

/**
 * Runs a program in a process group of its own and returns when it, and all that it left in that
 * group, has ended. Rejects with `ProgramFailure` when it cannot be started, is given up or writes
 * too much; with the error of `input` when that breaks off.
 */
export async function runProgram(call: ProgramCall): Promise<ProgramResult> {
  if (call.signal.aborted) throw new ProgramFailure("the program was given up");
  const child = startProgram(call);
  const failed = Promise.withResolvers<never>();
  const giveUp = (): void => failed.reject(new ProgramFailure("the program was given up"));
  call.signal.addEventListener("abort", giveUp, { once: true });
  const ended = endOf(child, call.command);
  const output = [
    call.takeStdout === undefined ? kept(child.stdout, call) : taken(child.stdout, call),
    beginning(child.stderr, call.maxStderrBytes),
  ] as const;
  // Output or input that goes wrong ends the program; one that ends need not have read its input.
  for (const part of [...output, feed(child.stdin, call.input)]) part.catch(failed.reject);
  try {
    const { exitCode, signal } = await Promise.race([ended, failed.promise]);
    endGroup(child);
    const late = pause(PIPE_GRACE_MS, "late" as const, { ref: false });
    const whole = await Promise.race([Promise.all(output), failed.promise, late]);
    if (whole === "late") throw new ProgramFailure("something that it left holds its output");
    const [stdout, stderr] = whole.map((bytes) => bytes.toString("utf8")) as [string, string];
    return { exitCode, signal, stdout, stderr };
  } finally {
    call.signal.removeEventListener("abort", giveUp);
    endGroup(child);
    for (const pipe of [child.stdin, child.stdout, child.stderr]) pipe.destroy();
    await Promise.race([ended.catch(() => {}), pause(KILL_GRACE_MS, undefined, { ref: false })]);
  }
}

async function endOf(
  child: Child,
  command: string,
): Promise<Pick<ProgramResult, "exitCode" | "signal">> {
  try {
    const [exitCode, signal] = (await once(child, "exit")) as [number | null, string | null];
    return { exitCode: exitCode ?? -1, signal: signal ?? "" };
  } catch (cause) {
    throw new ProgramFailure(`cannot start ${command}: ${(cause as Error).message}`, { cause });
  }
}

/** Starts it at the head of a group, by which all that it starts can be ended with it. */
export function startProgram(
  call: Pick<ProgramCall, "command" | "args" | "environment" | "directory">,
): Child {
  const child = spawn(call.command, call.args, {
    cwd: call.directory,
    env: { TMPDIR: call.directory, ...call.environment },
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
    shell: false,
  });
  // EPIPE: it has seen enough.
  child.stdin.on("error", () => {});
  return child;
}

/** Ends what is left of a program and of what it has started. */
export function endGroup({ pid }: Pick<Child, "pid">): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // Nobody is left.
  }
}

async function feed(stdin: Writable, input: AsyncIterable<Buffer> | undefined): Promise<void> {
  for await (const chunk of input ?? []) {
    if (!stdin.writable) return;
    if (!stdin.write(chunk) && !stdin.destroyed) await drainedOrClosed(stdin);
  }
  stdin.end();
}

/** Not by `once`, which takes EPIPE for a failure. */
function drainedOrClosed(stdin: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stdin.off("drain", done).off("close", done);
      resolve();
    };
    stdin.on("drain", done).on("close", done);
  });
}

async function kept(stdout: Readable, { maxStdoutBytes }: ProgramCall): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of counted(stdout, maxStdoutBytes)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function taken(
  stdout: Readable,
  { maxStdoutBytes, takeStdout }: ProgramCall,
): Promise<Buffer> {
  for await (const chunk of counted(stdout, maxStdoutBytes)) await takeStdout?.(chunk);
  return Buffer.alloc(0);
}

async function* counted(stdout: Readable, maxBytes: number): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of stdout as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new ProgramFailure(`the program wrote more than ${maxBytes} bytes`);
    yield chunk;
  }
}

async function beginning(stderr: Readable, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let left = maxBytes;
  for await (const chunk of stderr as AsyncIterable<Buffer>) {
    if (left > 0) chunks.push(chunk.subarray(0, left));
    left -= chunk.length;
  }
  return Buffer.concat(chunks);
}

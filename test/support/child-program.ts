import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { atExit } from "./at-exit.ts";

const living = new Set<ChildProcess>();
atExit(() => {
  for (const child of living) child.kill("SIGKILL");
});

export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ChildOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Output kept per program; a chatty one loses its oldest lines. */
const keptChars = 1_000_000;

/**
 * A program that a test started. It is ended by its process id at the latest when the test process
 * ends; what it printed is in `output` and in the message of every failure.
 */
export class ChildProgram {
  readonly exited: Promise<ChildExit>;
  readonly #child: ChildProcess;
  readonly #name: string;
  readonly #watchers = new Set<() => void>();
  #output = "";
  #exit: ChildExit | undefined;

  constructor(command: string, args: readonly string[], options: ChildOptions = {}) {
    this.#name = [command, ...args].join(" ");
    this.#child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    living.add(this.#child);
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.#output = (this.#output + text).slice(-keptChars);
        this.#notify();
      });
    }
    this.exited = this.#watchExit();
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(`${this.#name}: did not start`);
    return this.#child.pid;
  }

  /** Standard output and error in the order in which they arrived. */
  get output(): string {
    return this.#output;
  }

  /** Resolves with the first match in the output, past or future. */
  async waitForOutput(pattern: RegExp, timeoutMs = 45_000): Promise<RegExpExecArray> {
    const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
    const look = () => {
      const match = pattern.exec(this.#output);
      if (match) resolve(match);
      else if (this.#exit) reject(this.#failure(`ended before it printed ${pattern}`));
    };
    const timer = setTimeout(
      () => reject(this.#failure(`did not print ${pattern} within ${timeoutMs} ms`)),
      timeoutMs,
    );
    this.#watchers.add(look);
    look();
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#watchers.delete(look);
    }
  }

  /** Ends the program when what it is started for does not come about, and rejects likewise. */
  async stopUnless(ready: Promise<unknown>): Promise<void> {
    try {
      await ready;
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Asks the program to end, insists after `graceMs`, and waits until it is gone. */
  async stop(signal: NodeJS.Signals = "SIGTERM", graceMs = 10_000): Promise<ChildExit> {
    if (this.#exit) return this.#exit;
    const insist = setTimeout(() => this.#child.kill("SIGKILL"), graceMs);
    this.#child.kill(signal);
    const exit = await this.exited;
    clearTimeout(insist);
    return exit;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #watchExit(): Promise<ChildExit> {
    try {
      // "close" comes after the last output, "exit" may come before it.
      const [code, signal] = await once(this.#child, "close");
      this.#exit = { code, signal };
    } catch (error) {
      this.#output += String(error);
      this.#exit = { code: null, signal: null };
    }
    living.delete(this.#child);
    this.#notify();
    return this.#exit;
  }

  #notify(): void {
    for (const look of this.#watchers) look();
  }

  #failure(what: string): Error {
    return new Error(`${this.#name}: ${what}. Its output:\n${this.#output.slice(-4000)}`);
  }
}

/** Runs a program to its end; a non-zero exit code is an error that shows the output. */
export async function runProgram(
  command: string,
  args: readonly string[],
  options: ChildOptions = {},
): Promise<string> {
  const program = new ChildProgram(command, args, options);
  const { code } = await program.exited;
  if (code !== 0) {
    throw new Error(`${command} ${args.join(" ")} ended with ${code}:\n${program.output}`);
  }
  return program.output;
}

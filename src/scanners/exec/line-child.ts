import { once } from "node:events";
import { createInterface } from "node:readline";
import { z } from "zod";
import { type Verdict, VerdictKind, VerdictReason } from "../../scanning/index.ts";
import type { Logger } from "../../telemetry/index.ts";
import { endGroup, ProgramFailure, startProgram } from "./program-run.ts";
import type { ScanDirectory } from "./scan-directory.ts";

/** A line that a long-lived program is written. */
export interface LineQuestion {
  readonly id: number;
  readonly file: string;
  /** Where new content goes, with the verdict `modified`. */
  readonly output: string;
  readonly size: number;
  readonly sha256: string;
  readonly fileName?: string | undefined;
  readonly type?: string | undefined;
  readonly url?: string | undefined;
  readonly policy?: string | undefined;
}

/** The line that it answers with: a verdict document of scan/v1, and whose. */
const answerSchema = z.object({
  id: z.int(),
  verdict: z.enum(VerdictKind).exclude(["Pending"]),
  reason: z.enum(VerdictReason).optional().catch(undefined),
  score: z.number().min(0).max(1).optional(),
  message: z.string().optional(),
  threats: z
    .array(z.object({ name: z.string(), path: z.string().optional(), ref: z.string().optional() }))
    .max(1000)
    .default([]),
});

export interface LineChildOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Its own; removed when it has ended. */
  readonly directory: ScanDirectory;
  readonly maxLineBytes: number;
  readonly logger: Logger;
}

const MAX_SAID_CHARS = 256;

interface Waiting {
  readonly id: number;
  readonly resolve: (verdict: Verdict) => void;
  readonly reject: (error: Error) => void;
}

/** A program that lives from scan to scan, and answers one question after the other, a line each. */
export class LineChild {
  readonly #options: LineChildOptions;
  readonly #child: ReturnType<typeof startProgram>;
  readonly #exited: Promise<unknown>;
  #waiting: Waiting | undefined;
  #isOver = false;
  #lineBytes = 0;
  #said = "";
  #nextId = 1;

  constructor(options: LineChildOptions) {
    this.#options = options;
    this.#child = startProgram({ ...options, directory: options.directory.path });
    this.#exited = once(this.#child, "exit").catch(() => {});
    this.#child.once("error", (error) => this.#fail(`cannot start: ${error.message}`));
    this.#child.once("exit", (code, signal) => this.#fail(`ended with ${signal ?? code}`));
    this.#child.stdout.on("data", (chunk: Buffer) => this.#measure(chunk));
    createInterface({ input: this.#child.stdout }).on("line", (line) => this.#hear(line));
    this.#child.stderr.on("data", (chunk: Buffer) => this.#note(chunk));
  }

  /** It has ended, or will; another one is to be started. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Only one at a time. Rejects with `ProgramFailure`; then it is over. */
  async ask(question: Omit<LineQuestion, "id">, signal: AbortSignal): Promise<Verdict> {
    const id = this.#nextId;
    this.#nextId += 1;
    const giveUp = (): void => this.#fail("was given up");
    signal.addEventListener("abort", giveUp, { once: true });
    try {
      return await new Promise<Verdict>((resolve, reject) => {
        this.#waiting = { id, resolve, reject };
        if (this.#isOver || signal.aborted) this.#fail("is over");
        else this.#child.stdin.write(`${JSON.stringify({ id, ...question })}\n`);
      });
    } finally {
      signal.removeEventListener("abort", giveUp);
    }
  }

  async end(): Promise<void> {
    this.#fail("is ended");
    await this.#exited;
    await this.#options.directory.remove();
  }

  /** A line without an end would grow in memory. */
  #measure(chunk: Buffer): void {
    const lastBreak = chunk.lastIndexOf(0x0a);
    this.#lineBytes = lastBreak < 0 ? this.#lineBytes + chunk.length : chunk.length - lastBreak - 1;
    if (this.#lineBytes > this.#options.maxLineBytes || chunk.length > this.#options.maxLineBytes) {
      this.#fail(`wrote a line of more than ${this.#options.maxLineBytes} bytes`);
    }
  }

  /** Lines of its error output, each cut: one without an end costs no more than one with. */
  #note(chunk: Buffer): void {
    const { logger, name } = this.#options;
    const lines = (this.#said + chunk.toString("utf8")).split("\n");
    this.#said = (lines.pop() ?? "").slice(0, MAX_SAID_CHARS);
    for (const line of lines) {
      logger.debug("program said", { program: name, line: line.slice(0, MAX_SAID_CHARS) });
    }
  }

  #hear(line: string): void {
    const waiting = this.#waiting;
    if (waiting === undefined || line === "") return;
    const answer = answerSchema.safeParse(jsonOf(line));
    if (!answer.success || answer.data.id !== waiting.id) {
      this.#fail("gave a line that is no answer");
      return;
    }
    const { verdict: kind, threats, reason, score, message } = answer.data;
    this.#waiting = undefined;
    waiting.resolve({
      kind,
      threats: threats.map(({ name, path, ref }) => ({
        engine: this.#options.name,
        name,
        ...(path !== undefined && { path }),
        ...(ref !== undefined && { ref }),
      })),
      ...(reason !== undefined && { reason }),
      ...(score !== undefined && { score }),
      ...(message !== undefined && { message }),
    });
  }

  #fail(why: string): void {
    this.#isOver = true;
    endGroup(this.#child);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(new ProgramFailure(`the program ${why}`));
  }
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

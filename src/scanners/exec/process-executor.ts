import { open } from "node:fs/promises";
import { setInterval as every } from "node:timers/promises";
import type { Verdict } from "../../scanning/index.ts";
import { filledIn, oneLine, type PlaceholderValues, safeFileName } from "./argument-template.ts";
import type { ExecConfig } from "./exec-config.ts";
import type { ExecJob, Executor } from "./executor.ts";
import { ProgramFailure, runProgram } from "./program-run.ts";
import { ResultMapping } from "./result-mapping.ts";

/** How often the length of a growing output file is looked at. */
const WATCH_MS = 100;

/** Runs the program anew for each scan. */
export class ProcessExecutor implements Executor {
  readonly restarts = 0;
  readonly #config: ExecConfig;
  readonly #mapping: ResultMapping;

  constructor(config: ExecConfig) {
    this.#config = config;
    this.#mapping = new ResultMapping(config);
  }

  async run(job: ExecJob): Promise<Verdict> {
    const { args, command, environment, input, limits, output } = this.#config;
    const values = valuesOf(job);
    const tooLong = new AbortController();
    const signal = AbortSignal.any([job.signal, tooLong.signal]);
    const ended = new AbortController();
    if (output?.from === "file") {
      void this.#watchOutput(job, ended.signal).then((isTooLong) => isTooLong && tooLong.abort());
    }
    const file =
      output?.from === "stdout" ? await open(job.directory.outputPath, "wx", 0o600) : undefined;
    try {
      const result = await runProgram({
        command,
        args: args.map((template) => filledIn(template, values)),
        environment,
        directory: job.directory.path,
        input: input === "stdin" ? job.subject.body : undefined,
        takeStdout: file && ((chunk) => file.appendFile(chunk)),
        maxStdoutBytes: file === undefined ? limits.stdout : limits.content,
        maxStderrBytes: limits.stderr,
        signal,
      });
      return this.#mapping.verdict(result);
    } catch (error) {
      if (!tooLong.signal.aborted) throw error;
      throw new ProgramFailure(`the program wrote more than ${limits.content} bytes`);
    } finally {
      ended.abort();
      await file?.close();
    }
  }

  async close(): Promise<void> {}

  async #watchOutput({ directory }: ExecJob, signal: AbortSignal): Promise<boolean> {
    try {
      for await (const _ of every(WATCH_MS, undefined, { signal, ref: false })) {
        if (((await directory.outputSize()) ?? 0) > this.#config.limits.content) return true;
      }
    } catch {
      // The program has ended; its output is looked at then.
    }
    return false;
  }
}

function valuesOf({ subject, directory, kept }: ExecJob): PlaceholderValues {
  const { fileName, declaredType, detectedType, url, policy } = subject.facts;
  return {
    file: kept?.path ?? "",
    output: directory.outputPath,
    directory: directory.path,
    sha256: kept?.sha256 ?? "",
    filename: safeFileName(fileName ?? ""),
    type: detectedType ?? declaredType ?? "",
    url: oneLine(url ?? ""),
    policy: oneLine(policy ?? ""),
  };
}

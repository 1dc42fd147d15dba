import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { setInterval as every } from "node:timers/promises";
import { SpoolDirectory } from "../../entity/index.ts";
import { errorVerdict, type Verdict, VerdictKind, VerdictReason } from "../../scanning/index.ts";
import type { Logger, MetricsRegistry } from "../../telemetry/index.ts";
import type {
  EngineAbilities,
  EngineReplacement,
  EngineState,
  EngineVerdict,
  ScanEngine,
  ScanSubject,
} from "../serve/scan-engine.ts";
import { ScanProblem } from "../serve/scan-problem.ts";
import { cacheScopeOf, type ExecConfig } from "./exec-config.ts";
import { type ExecEpoch, execEpoch } from "./exec-epoch.ts";
import type { ExecJob, Executor, KeptContent } from "./executor.ts";
import { ProcessExecutor } from "./process-executor.ts";
import { ProgramFailure } from "./program-run.ts";
import { ScanDirectory } from "./scan-directory.ts";
import { ServerExecutor } from "./server-executor.ts";
import { Slots } from "./slots.ts";

export interface ExecEngineOptions {
  readonly config: ExecConfig;
  /** Where each scan gets a directory of its own. Default: the system's temporary directory. */
  readonly workDirectory?: string | undefined;
  readonly logger: Logger;
}

const UNKNOWN_EPOCH = "unknown";

/**
 * An engine that has a program judge. Resolves when its epoch is known, or is known not to be had,
 * which is for `state` to say. Rejects when there is no such program.
 */
export async function createExecEngine(options: ExecEngineOptions): Promise<ScanEngine> {
  await access(options.config.command, constants.X_OK);
  const directory = await SpoolDirectory.create(options.workDirectory ?? tmpdir(), "exec");
  const engine = new ExecEngine(options, directory);
  await engine.start();
  return engine;
}

class ExecEngine implements ScanEngine {
  readonly name: string;
  readonly abilities: EngineAbilities;
  readonly #config: ExecConfig;
  readonly #executor: Executor;
  readonly #slots: Slots;
  /** Holds those of the scans; removed with all in it, at the latest by the next process. */
  readonly #directory: SpoolDirectory;
  readonly #logger: Logger;
  readonly #closed = new AbortController();
  #epoch: ExecEpoch | undefined;
  #runs = 0;
  #failures = 0;

  constructor({ config, logger }: ExecEngineOptions, directory: SpoolDirectory) {
    this.name = config.name;
    const isBlind = config.input === "none" && config.mode === "process";
    this.abilities = {
      inputs: [isBlind ? "headers" : "content"],
      stages: isBlind ? ["headers", "full"] : ["full"],
      replaces: config.output !== undefined || config.mode === "server",
      cacheScope: cacheScopeOf(config),
    };
    this.#config = config;
    this.#directory = directory;
    this.#logger = logger;
    this.#slots = new Slots(config.concurrency ?? availableParallelism());
    this.#executor =
      config.mode === "server"
        ? new ServerExecutor(config, directory.path, logger)
        : new ProcessExecutor(config);
  }

  async start(): Promise<void> {
    await this.#learnEpoch();
    void this.#keepEpoch();
  }

  state(): EngineState {
    const { epoch = UNKNOWN_EPOCH, version } = this.#epoch ?? {};
    const notReady = this.#epoch === undefined ? "its version is not known" : undefined;
    return { epoch, version, notReady };
  }

  async scan(subject: ScanSubject): Promise<EngineVerdict> {
    const { epoch } = this.state();
    return await this.#slots.within(subject.signal, async () => {
      const directory = await ScanDirectory.create(this.#directory.path);
      let replacement: EngineReplacement | undefined;
      try {
        const job = await this.#jobOf(subject, directory);
        const verdict = await this.#run(job);
        if (verdict.kind !== VerdictKind.Modified) return { verdict, epoch };
        const judged = await this.#modified(verdict, job);
        replacement = judged.replacement;
        return { ...judged, epoch };
      } finally {
        if (replacement === undefined) await this.#remove(directory);
      }
    });
  }

  expose(registry: MetricsRegistry): void {
    const add = (name: string, help: string, read: () => number): void =>
      registry.expose(
        { name, help, type: name.endsWith("_total") ? "counter" : "gauge", labels: [] },
        () => [{ labels: {}, value: read() }],
      );
    add("sluice_exec_running", "Programs at work on a scan.", () => this.#slots.taken);
    add("sluice_exec_waiting", "Scans that wait for their turn.", () => this.#slots.waiting);
    add("sluice_exec_runs_total", "Scans that a program was given.", () => this.#runs);
    add(
      "sluice_exec_failures_total",
      "Scans that a program did not end: it crashed, took too long or wrote too much.",
      () => this.#failures,
    );
    add(
      "sluice_exec_restarts_total",
      "Long-lived programs that had to be started anew.",
      () => this.#executor.restarts,
    );
  }

  async close(): Promise<void> {
    this.#closed.abort();
    await this.#executor.close();
    await this.#directory.remove();
  }

  async #jobOf(subject: ScanSubject, directory: ScanDirectory): Promise<ExecJob> {
    const { extensions, input, mode, timeout } = this.#config;
    const isKept = input === "file" || mode === "server";
    const kept: KeptContent | undefined = isKept
      ? await directory.keep(subject.body, subject.facts.fileName, extensions)
      : undefined;
    const signal = AbortSignal.any([subject.signal, AbortSignal.timeout(timeout)]);
    return { subject, directory, kept, signal };
  }

  async #run(job: ExecJob): Promise<Verdict> {
    this.#runs += 1;
    try {
      return await this.#executor.run(job);
    } catch (error) {
      this.#failures += 1;
      if (error instanceof ScanProblem || job.subject.signal.aborted) throw error;
      const { message } = error as Error;
      this.#logger.warn("program gave no result", { program: this.name, reason: message });
      const isLate = job.signal.aborted;
      return isLate
        ? errorVerdict(VerdictReason.Timeout, `no result within ${this.#config.timeout} ms`)
        : errorVerdict(VerdictReason.EngineError, describe(error));
    }
  }

  /** The new content of a program that says it made some; `clean` when it is the old. */
  async #modified(
    verdict: Verdict,
    { directory, kept }: ExecJob,
  ): Promise<Omit<EngineVerdict, "epoch">> {
    const size = await directory.outputSize();
    const { content: maxBytes } = this.#config.limits;
    if (size === undefined) return { verdict: failed("the program left no new content") };
    if (size > maxBytes) return { verdict: failed(`the new content is over ${maxBytes} bytes`) };
    if (
      kept !== undefined &&
      size === kept.size &&
      (await directory.outputSha256()) === kept.sha256
    ) {
      return { verdict: { ...verdict, kind: VerdictKind.Clean, threats: [] } };
    }
    const { mediaType } = this.#config.output ?? {};
    const dispose = (): Promise<void> => this.#remove(directory);
    return { verdict, replacement: { content: directory.output(), size, mediaType, dispose } };
  }

  /** What cannot be removed does not take the verdict with it. */
  async #remove(directory: ScanDirectory): Promise<void> {
    await directory.remove().catch(({ message }: Error) => {
      this.#logger.warn("files of a scan not removed", { program: this.name, reason: message });
    });
  }

  async #learnEpoch(): Promise<void> {
    try {
      this.#epoch = await execEpoch(this.#config, this.#closed.signal);
    } catch (error) {
      const { message } = error as Error;
      this.#logger.error("version not known", { program: this.name, reason: message });
    }
  }

  async #keepEpoch(): Promise<void> {
    const { signal } = this.#closed;
    try {
      for await (const _ of every(this.#config.epoch.every, undefined, { signal, ref: false })) {
        await this.#learnEpoch();
      }
    } catch {
      // Closed.
    }
  }
}

function failed(message: string): Verdict {
  return errorVerdict(VerdictReason.EngineError, message);
}

function describe(error: unknown): string {
  return error instanceof ProgramFailure ? error.message : "the program could not be run";
}

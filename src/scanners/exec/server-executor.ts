import type { Verdict } from "../../scanning/index.ts";
import type { Logger } from "../../telemetry/index.ts";
import type { ExecConfig } from "./exec-config.ts";
import type { ExecJob, Executor } from "./executor.ts";
import { LineChild } from "./line-child.ts";
import { ProgramFailure } from "./program-run.ts";
import { ScanDirectory } from "./scan-directory.ts";

/**
 * Keeps programs running, as many as there are scans at once, and asks each one question at a time.
 * One that crashed, hung or gave nonsense is ended; the next scan starts another. No scan starts more
 * than one, so a program that cannot live costs no more than its scans do.
 */
export class ServerExecutor implements Executor {
  readonly #config: ExecConfig;
  readonly #directory: string;
  readonly #logger: Logger;
  readonly #idle: LineChild[] = [];
  readonly #all = new Set<LineChild>();
  #restarts = 0;

  constructor(config: ExecConfig, directory: string, logger: Logger) {
    this.#config = config;
    this.#directory = directory;
    this.#logger = logger;
  }

  get restarts(): number {
    return this.#restarts;
  }

  async run({ subject, directory, kept, signal }: ExecJob): Promise<Verdict> {
    if (kept === undefined) throw new ProgramFailure("there is no file to scan");
    const child = this.#idleChild() ?? (await this.#start());
    const { fileName, detectedType, declaredType, url, policy } = subject.facts;
    try {
      const type = detectedType ?? declaredType;
      const { path: file, size, sha256 } = kept;
      const known = { fileName, type, url, policy };
      return await child.ask(
        { file, output: directory.outputPath, size, sha256, ...known },
        signal,
      );
    } finally {
      if (child.isOver) await this.#lost(child);
      else this.#idle.push(child);
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#all].map((child) => child.end()));
  }

  #idleChild(): LineChild | undefined {
    for (let child = this.#idle.pop(); child !== undefined; child = this.#idle.pop()) {
      if (!child.isOver) return child;
      void this.#lost(child);
    }
    return undefined;
  }

  async #start(): Promise<LineChild> {
    const { name, command, args, environment, limits } = this.#config;
    const own = await ScanDirectory.create(this.#directory);
    const child = new LineChild({
      ...{ name, command, args, environment },
      directory: own,
      maxLineBytes: limits.stdout,
      logger: this.#logger,
    });
    this.#all.add(child);
    return child;
  }

  async #lost(child: LineChild): Promise<void> {
    this.#restarts += 1;
    this.#logger.warn("program has ended", { program: this.#config.name });
    await child.end();
    this.#all.delete(child);
  }
}

import cluster, { type Worker } from "node:cluster";
import type { Logger } from "../telemetry/index.ts";
import {
  Order,
  type OrderMessage,
  type StartMessage,
  type WorkerMessage,
} from "./worker-messages.ts";

export interface WorkerProcessesOptions {
  readonly count: number;
  readonly logger: Logger;
  /** A worker died unasked and is being replaced; with the last report that it gave, if any. */
  readonly onRestart: (lastReport: unknown) => void;
  /** What each worker is asked as soon as it serves, whatever it answers; undefined: nothing. */
  readonly greeting?: () => unknown;
}

const FIRST_RESTART_DELAY_MS = 100;
const LONGEST_RESTART_DELAY_MS = 30_000;
/** A worker that lived so long was healthy: its successor starts without a delay. */
const HEALTHY_MS = 10_000;
const ABORT_GRACE_MS = 5000;
const REPORT_TIMEOUT_MS = 2000;
const ANSWER_TIMEOUT_MS = 8000;

/**
 * The worker processes of a primary, which share its ports. One that dies is replaced, with its cause
 * logged; one that dies again and again is waited for longer each time.
 */
export class WorkerProcesses {
  readonly #options: WorkerProcessesOptions;
  readonly #pending = new Map<number, (report: unknown) => void>();
  readonly #lastReports = new Map<number, unknown>();
  #delayMs = FIRST_RESTART_DELAY_MS;
  #questions = 0;
  /** Workers that serve; what the others are told is lost. */
  readonly #ready = new WeakSet<Worker>();
  /** Workers that may have read their files before a reload was wanted. */
  readonly #outdated = new WeakSet<Worker>();
  /** How all end, those too that come to serve only then. */
  #ending: typeof Order.Drain | typeof Order.Abort | undefined;
  /** What workers left for those who come after them: the last of it. */
  #legacy: unknown;
  #restarts = new Set<NodeJS.Timeout>();

  constructor(options: WorkerProcessesOptions) {
    this.#options = options;
  }

  /** Resolves with what the first worker tells of itself; rejects when one cannot start. */
  async start(): Promise<unknown> {
    const ready = Array.from({ length: this.#options.count }, () => this.#fork());
    try {
      return (await Promise.all(ready))[0];
    } catch (error) {
      this.#ending = Order.Abort;
      for (const worker of workers()) worker.process.kill("SIGKILL");
      throw error;
    }
  }

  /** Tells all to drain; resolves when all have ended. */
  async drain(): Promise<void> {
    for (const timer of this.#restarts) clearTimeout(timer);
    const ends = workers().map(
      (worker) => new Promise<void>((resolve) => worker.once("exit", () => resolve())),
    );
    this.#end(Order.Drain);
    await Promise.all(ends);
  }

  abort(): void {
    this.#end(Order.Abort);
    for (const worker of workers()) {
      // One that cannot even hear it.
      setTimeout(() => worker.process.kill("SIGKILL"), ABORT_GRACE_MS).unref();
    }
  }

  reload(): void {
    for (const worker of workers()) {
      if (this.#ready.has(worker)) give(worker, { order: Order.Reload });
      else this.#outdated.add(worker);
    }
  }

  /** Asks every worker that serves for its report; one that does not answer in time is left out. */
  async reports(): Promise<unknown[]> {
    const answers = await Promise.all(this.#serving().map((worker) => this.#report(worker)));
    return answers.filter((answer) => answer !== undefined);
  }

  /** Asks every worker that serves; undefined stands for one that does not answer in time. */
  ask(question: unknown): Promise<readonly unknown[]> {
    return Promise.all(this.#serving().map((worker) => this.#ask(worker, question)));
  }

  async #report(worker: Worker): Promise<unknown> {
    const report = await this.#answer(worker, { order: Order.Report }, REPORT_TIMEOUT_MS);
    if (report !== undefined) this.#lastReports.set(worker.id, report);
    return report;
  }

  #ask(worker: Worker, question: unknown): Promise<unknown> {
    return this.#answer(worker, { order: Order.Ask, question }, ANSWER_TIMEOUT_MS);
  }

  #answer(worker: Worker, message: OrderMessage, timeoutMs: number): Promise<unknown> {
    const id = ++this.#questions;
    return new Promise((resolve) => {
      const done = (answer: unknown): void => {
        clearTimeout(timer);
        this.#pending.delete(id);
        resolve(answer);
      };
      const timer = setTimeout(() => done(undefined), timeoutMs);
      this.#pending.set(id, done);
      give(worker, { ...message, id });
    });
  }

  #fork(): Promise<unknown> {
    const worker = cluster.fork();
    const startedAt = performance.now();
    return new Promise((resolve, reject) => {
      worker.on("message", (message: WorkerMessage) => {
        if ("ready" in message) {
          this.#begin(worker);
          resolve(message.ready);
        } else if ("failed" in message) reject(new Error(message.failed));
        else this.#take(worker, message);
      });
      worker.once("exit", (code, signal) => {
        reject(new Error(`worker ended at its start: ${signal ?? `exit code ${code}`}`));
        if (this.#ending === undefined) this.#replace(worker, { code, signal, startedAt });
      });
    });
  }

  #take(worker: Worker, message: Exclude<WorkerMessage, StartMessage>): void {
    if ("legacy" in message) this.#legacy = message.legacy;
    else if ("inherits" in message) give(worker, { order: Order.Inherit, legacy: this.#legacy });
    else this.#pending.get(message.id)?.(message.report);
  }

  #serving(): Worker[] {
    return workers().filter((worker) => this.#ready.has(worker));
  }

  #end(order: typeof Order.Drain | typeof Order.Abort): void {
    this.#ending = order;
    for (const worker of this.#serving()) give(worker, { order });
  }

  #begin(worker: Worker): void {
    this.#ready.add(worker);
    if (this.#ending !== undefined) {
      give(worker, { order: this.#ending });
      return;
    }
    if (this.#outdated.has(worker)) give(worker, { order: Order.Reload });
    const question = this.#options.greeting?.();
    if (question !== undefined) void this.#ask(worker, question);
  }

  #replace(dead: Worker, end: { code: number; signal: string; startedAt: number }): void {
    const { logger, onRestart } = this.#options;
    const livedMs = performance.now() - end.startedAt;
    if (livedMs > HEALTHY_MS) this.#delayMs = FIRST_RESTART_DELAY_MS;
    logger.error("worker process died", {
      pid: dead.process.pid,
      code: end.code,
      signal: end.signal,
      livedMs: Math.round(livedMs),
      restartMs: this.#delayMs,
    });
    onRestart(this.#lastReports.get(dead.id));
    this.#lastReports.delete(dead.id);
    const timer = setTimeout(() => {
      this.#restarts.delete(timer);
      // Its failure is told by its own exit, which leads here again.
      this.#fork().catch(() => {});
    }, this.#delayMs);
    this.#restarts.add(timer);
    this.#delayMs = Math.min(this.#delayMs * 2, LONGEST_RESTART_DELAY_MS);
  }
}

function workers(): Worker[] {
  // A dead one stays listed until its channel has closed as well, and never exits again.
  return Object.values(cluster.workers ?? {}).filter(
    (worker) => worker !== undefined && !worker.isDead(),
  ) as Worker[];
}

function give(worker: Worker, message: OrderMessage): void {
  if (worker.isConnected()) worker.send(message, () => {});
}

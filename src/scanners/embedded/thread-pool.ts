import type { Entity } from "../../entity/index.ts";
import { errorVerdict, type Verdict, VerdictReason } from "../../scanning/index.ts";
import type { HashListData } from "../list/hashes/hash-list.ts";
import type { EngineReport } from "./scan-job.ts";
import { ScanThread, type ThreadSettings, ThreadState } from "./scan-thread.ts";

export interface ThreadPoolOptions {
  readonly settings: ThreadSettings;
  /** Threads at most; each is started when there is work for it. */
  readonly size: number;
  /** Scans that may wait. */
  readonly queue: number;
  /** Waiting and scanning together. */
  readonly timeoutMs: number;
  /** A thread is replaced after so many scans, so that nothing that leaks can add up. */
  readonly recycleAfter: number;
  /** Called when a thread has died, or had to be ended because it did not stop. */
  readonly onThreadLost?: (message: string) => void;
}

interface Task {
  readonly entity: Entity;
  readonly settle: (verdict: Verdict) => void;
  /** Stops the scan if it has begun. */
  stop: () => void;
}

/**
 * Scans in threads, in order of arrival. Every task ends with a verdict: its own, or `error` with
 * `overload` (queue full), `timeout` (deadline or abort) or `engine-error` (the thread died).
 */
export class ThreadPool {
  readonly #options: ThreadPoolOptions;
  #settings: ThreadSettings;
  readonly #threads = new Set<ScanThread>();
  /** Told to end and not gone yet: they still use their processor and memory. */
  readonly #dying = new Set<ScanThread>();
  readonly #waiting = new Set<Task>();
  #closed = false;
  /** False once a thread could not be started: an old one is better than none. */
  #mayRenew = true;

  constructor(options: ThreadPoolOptions) {
    this.#options = options;
    this.#settings = options.settings;
  }

  /** Starts the first thread and says what its engines are. Rejects when they cannot be used. */
  start(): Promise<EngineReport> {
    return this.#spawn().ready;
  }

  /** Threads at most. */
  get size(): number {
    return this.#options.size;
  }

  /** Scans that wait for a thread. */
  get waiting(): number {
    return this.#waiting.size;
  }

  scan(entity: Entity, signal: AbortSignal): Promise<Verdict> {
    const refused = this.#refusal(signal);
    if (refused !== undefined) return Promise.resolve(refused);
    const { promise, resolve } = Promise.withResolvers<Verdict>();
    const { timeoutMs } = this.#options;
    const giveUp = (why: string): void => {
      task.settle(errorVerdict(VerdictReason.Timeout, why));
      task.stop();
    };
    const onAbort = (): void => giveUp("the transaction was aborted");
    const timer = setTimeout(() => giveUp(`no verdict within ${timeoutMs} ms`), timeoutMs);
    const settle = (verdict: Verdict): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      this.#waiting.delete(task);
      resolve(verdict);
    };
    const task: Task = { entity, settle, stop: () => {} };
    signal.addEventListener("abort", onAbort, { once: true });
    this.#waiting.add(task);
    this.#dispatch();
    return promise;
  }

  useHashList(hashList: HashListData): void {
    this.#settings = { ...this.#settings, thread: { ...this.#settings.thread, hashList } };
    for (const thread of this.#threads) thread.useHashList(hashList);
  }

  /** Scans waiting and under way end with `error`. Safe to call twice. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const task of this.#waiting) task.settle(closedVerdict());
    for (const thread of this.#threads) this.#retire(thread);
    await Promise.all([...this.#dying].map((thread) => thread.gone));
  }

  #refusal(signal: AbortSignal): Verdict | undefined {
    if (this.#closed) return closedVerdict();
    if (signal.aborted) {
      return errorVerdict(VerdictReason.Timeout, "the transaction was aborted");
    }
    if (this.#waiting.size < this.#options.queue || this.#idle() !== undefined) return undefined;
    return errorVerdict(VerdictReason.Overload, `${this.#waiting.size} scans are waiting`);
  }

  #idle(): ScanThread | undefined {
    return this.#inState(ThreadState.Idle)[0];
  }

  #inState(state: ThreadState): ScanThread[] {
    return [...this.#threads].filter((thread) => thread.state === state);
  }

  #dispatch(): void {
    for (const task of this.#waiting) {
      const thread = this.#idle();
      if (thread === undefined) break;
      this.#waiting.delete(task);
      void this.#run(task, thread);
    }
    if (this.#wantsThread()) this.#spawn();
  }

  #wantsThread(): boolean {
    const { size } = this.#options;
    const isShort = this.#waiting.size > this.#inState(ThreadState.Starting).length;
    const mayGrow = this.#threads.size < size && this.#threads.size + this.#dying.size < 2 * size;
    return isShort && mayGrow && !this.#closed;
  }

  async #run(task: Task, thread: ScanThread): Promise<void> {
    const scanning = thread.scan(task.entity);
    const job = thread.jobs;
    task.stop = () => thread.cancel(job);
    try {
      task.settle(await scanning);
    } catch (error) {
      task.settle(engineError(error));
      if (!this.#closed) this.#options.onThreadLost?.(messageOf(error));
    }
    if (thread.state === ThreadState.Dying) this.#retire(thread);
    this.#renew();
    this.#dispatch();
  }

  #spawn(): ScanThread {
    const thread = new ScanThread(this.#settings);
    this.#threads.add(thread);
    thread.ready.then(
      () => {
        this.#renew();
        this.#dispatch();
      },
      (error: Error) => this.#notStarted(thread, error),
    );
    void thread.gone.then(() => this.#gone(thread));
    return thread;
  }

  /** A thread that has done its share works on until the one that takes its place is ready. */
  #renew(): void {
    const isOld = (thread: ScanThread): boolean =>
      thread.isBloated || thread.jobs >= this.#options.recycleAfter;
    const old = this.#inState(ThreadState.Idle).filter(isOld);
    if (old.length === 0 || this.#closed || !this.#mayRenew) return;
    const fresh = [...this.#threads].filter((thread) => !isOld(thread));
    const isReady = fresh.some((thread) => thread.state !== ThreadState.Starting);
    if (isReady) for (const thread of old) this.#retire(thread);
    else if (fresh.length === 0) this.#spawn();
  }

  /**
   * Others go on in its place. Without any, one scan fails with it, so that a thread that never
   * starts is not started for ever.
   */
  #notStarted(thread: ScanThread, error: Error): void {
    this.#retire(thread);
    this.#mayRenew = false;
    if (!this.#closed) this.#options.onThreadLost?.(messageOf(error));
    const [task] = this.#waiting;
    if (this.#threads.size === 0) task?.settle(engineError(error));
    this.#dispatch();
  }

  #gone(thread: ScanThread): void {
    this.#threads.delete(thread);
    this.#dying.delete(thread);
    this.#dispatch();
  }

  #retire(thread: ScanThread): void {
    if (!this.#threads.delete(thread)) return;
    this.#dying.add(thread);
    thread.end();
  }
}

function closedVerdict(): Verdict {
  return errorVerdict(VerdictReason.EngineError, "the scanner is closed");
}

function engineError(error: unknown): Verdict {
  return errorVerdict(VerdictReason.EngineError, messageOf(error));
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

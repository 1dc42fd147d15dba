import { setFlagsFromString } from "node:v8";
import { Worker } from "node:worker_threads";
import type { Entity, EntityContent } from "../../entity/index.ts";
import type { Verdict } from "../../scanning/index.ts";
import { workerEntry } from "../content/worker-entry.ts";
import type { HashListData } from "../list/hashes/hash-list.ts";
import type { EngineReport, FromThread, JobContent, ThreadOptions, ToThread } from "./scan-job.ts";

/** The rules cannot be used; starting the thread again will not help. */
export class UnfitRules extends Error {}

export interface ThreadSettings {
  readonly thread: Omit<ThreadOptions, "inbox" | "cancelled">;
  /** Entities up to this are handed over through memory that is shared and used again. */
  readonly inboxBytes: number;
  /** How long a cancelled scan may go on before its thread is ended. */
  readonly graceMs: number;
  /** Heap of the thread's JavaScript; native and WebAssembly memory have limits of their own. */
  readonly maxHeapMb: number;
}

export const ThreadState = {
  Starting: "starting",
  Idle: "idle",
  Scanning: "scanning",
  Dying: "dying",
} as const;
export type ThreadState = (typeof ThreadState)[keyof typeof ThreadState];

/**
 * Of calls from WebAssembly to a JavaScript function, after which V8 gives that a wrapper of its own; all
 * threads share these. The V8 of Node 24 may free one while another thread ends, and the process dies with it
 * (SIGSEGV in `Runtime_TierUpWasmToJSWrapper`, `WasmEngine::FreeDeadCode`): so there are none.
 */
setFlagsFromString("--wasm-wrapper-tiering-budget=2147483647");

/** V8 would let it grow to 32 MB under load, for objects that die with their scan. */
const MAX_YOUNG_GENERATION_MB = 4;

interface Waiting<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

/**
 * One thread that judges one entity at a time:
 *
 *     starting ─ready─▶ idle ─scan─▶ scanning ─verdict─▶ idle
 *         └──────────────┴──────────────┴─ error, end, cancel not obeyed ─▶ dying ─▶ (gone)
 *
 * The scan under way when it dies is rejected.
 */
export class ScanThread {
  /** What the engines are. Rejects when the thread cannot be used. */
  readonly ready: Promise<EngineReport>;
  /** Fulfilled when the thread has ended and its memory is free. */
  readonly gone: Promise<void>;
  readonly #settings: ThreadSettings;
  readonly #worker: Worker;
  readonly #inbox: Buffer;
  readonly #cancelled: Int32Array;
  #starting: Waiting<EngineReport> | undefined;
  #scanning: Waiting<Verdict> | undefined;
  #grace: NodeJS.Timeout | undefined;
  #jobs = 0;
  #isReady = false;
  #isDying = false;
  #isBloated = false;

  constructor(settings: ThreadSettings) {
    this.#settings = settings;
    const inbox = new SharedArrayBuffer(settings.inboxBytes);
    const cancelled = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
    this.#inbox = Buffer.from(inbox);
    this.#cancelled = new Int32Array(cancelled);
    this.ready = new Promise((resolve, reject) => {
      this.#starting = { resolve, reject };
    });
    this.#worker = new Worker(workerEntry(import.meta.url, "./scan-worker"), {
      name: "scan",
      // What reads hostile content has no use for the secrets that an environment may hold.
      env: {},
      workerData: { ...settings.thread, inbox, cancelled } satisfies ThreadOptions,
      resourceLimits: {
        maxOldGenerationSizeMb: settings.maxHeapMb,
        maxYoungGenerationSizeMb: MAX_YOUNG_GENERATION_MB,
      },
    });
    this.gone = new Promise((resolve) => this.#worker.once("exit", () => resolve()));
    this.#worker.on("message", (message: FromThread) => this.#hear(message));
    this.#worker.on("error", (error) => this.#fail(error));
    this.#worker.once("exit", (code) => this.#fail(new Error(`scan thread ended with ${code}`)));
  }

  /** Scans begun. */
  get jobs(): number {
    return this.#jobs;
  }

  /** Whether it holds memory that only its end frees. */
  get isBloated(): boolean {
    return this.#isBloated;
  }

  get state(): ThreadState {
    if (this.#isDying) return ThreadState.Dying;
    if (!this.#isReady) return ThreadState.Starting;
    return this.#scanning === undefined ? ThreadState.Idle : ThreadState.Scanning;
  }

  /** Judges an entity. Only when idle. Rejects when the thread dies of it. */
  scan(entity: Entity): Promise<Verdict> {
    this.#jobs += 1;
    Atomics.store(this.#cancelled, 0, 0);
    const { sha256, fileName, declaredType, detectedType } = entity;
    const { content, transfer } = this.#handOver(entity.content);
    const job = { kind: "scan", content, sha256, fileName, declaredType, detectedType } as const;
    return new Promise((resolve, reject) => {
      this.#scanning = { resolve, reject };
      this.#post(job, transfer);
    });
  }

  /** Tells a scan (by its number in `jobs`) to stop, and ends the thread when it does not. */
  cancel(job: number): void {
    if (job !== this.#jobs || this.#scanning === undefined || this.#grace !== undefined) return;
    Atomics.store(this.#cancelled, 0, 1);
    this.#grace = setTimeout(() => this.end(), this.#settings.graceMs);
  }

  useHashList(data: HashListData): void {
    this.#post({ kind: "hash-list", data });
  }

  /**
   * Ends the thread. Native code cannot be interrupted: `gone` comes when it returns, which its own
   * time limit ensures.
   */
  end(): void {
    this.#isDying = true;
    this.#fail(new Error("scan thread was ended"));
    void this.#worker.terminate();
  }

  /** One copy, into memory of the thread where that is large enough. */
  #handOver(content: EntityContent): { content: JobContent; transfer: ArrayBuffer[] } {
    if (content.kind === "file") return { content, transfer: [] };
    const { data } = content;
    if (data.length <= this.#inbox.length) {
      data.copy(this.#inbox);
      return { content: { kind: "inbox", length: data.length }, transfer: [] };
    }
    const bytes = Buffer.allocUnsafeSlow(data.length);
    data.copy(bytes);
    return { content: { kind: "transferred", bytes }, transfer: [bytes.buffer] };
  }

  #post(message: ToThread, transfer: ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  #hear(message: FromThread): void {
    if (message.kind === "ready") {
      this.#isReady = true;
      this.#starting?.resolve(message.report);
      this.#starting = undefined;
    } else if (message.kind === "unfit") {
      this.#fail(new UnfitRules(message.message));
    } else {
      const scanning = this.#scanning;
      this.#isBloated = message.isBloated;
      this.#settle();
      scanning?.resolve(message.verdict);
    }
  }

  #fail(error: Error): void {
    this.#isDying = true;
    this.#starting?.reject(error);
    this.#starting = undefined;
    const scanning = this.#scanning;
    this.#settle();
    scanning?.reject(error);
  }

  #settle(): void {
    clearTimeout(this.#grace);
    this.#grace = undefined;
    this.#scanning = undefined;
  }
}

import cluster from "node:cluster";
import { Order, type OrderMessage, type WorkerMessage } from "./worker-messages.ts";

export interface WorkerDuties {
  drain(): Promise<void>;
  abort(): void;
  reload(): void;
  report(): Promise<unknown>;
  /** Plain data, and never rejects. */
  answer(question: unknown): Promise<unknown>;
}

/** Whether this process is one of a primary's workers. */
export function isWorkerProcess(): boolean {
  return cluster.isWorker;
}

/** The worker's side: tells the primary what it is told and does what it is asked. */
class WorkerProcess {
  readonly #inherited = Promise.withResolvers<unknown>();
  #duties: WorkerDuties | undefined;
  #listens = false;

  ready(facts: unknown, duties: WorkerDuties): void {
    this.#duties = duties;
    this.#listen();
    // A primary that died cannot ask any more.
    process.on("disconnect", () => this.#end(duties));
    tell({ ready: facts });
  }

  failed(error: unknown): void {
    tell({ failed: error instanceof Error ? error.message : String(error) });
  }

  /** Leaves plain data to workers that come later; of all that workers leave the last is kept. */
  bequeath(legacy: unknown): void {
    tell({ legacy });
  }

  /** What workers left; undefined: nothing. */
  inherit(): Promise<unknown> {
    this.#listen();
    tell({ inherits: true });
    return this.#inherited.promise;
  }

  #listen(): void {
    if (this.#listens) return;
    this.#listens = true;
    process.on("message", (message: OrderMessage) => this.#take(message));
  }

  #take(message: OrderMessage): void {
    if (message.order === Order.Inherit) this.#inherited.resolve(message.legacy);
    // No other order comes before the primary heard that we are ready.
    else if (this.#duties !== undefined) this.#obey(this.#duties, message);
  }

  #obey(duties: WorkerDuties, { order, id, question }: OrderMessage): void {
    if (order === Order.Drain) this.#end(duties);
    else if (order === Order.Abort) duties.abort();
    else if (order === Order.Reload) duties.reload();
    else if (order === Order.Ask) this.#reply(id, duties.answer(question));
    else this.#reply(id, duties.report());
  }

  #reply(id: number | undefined, answer: Promise<unknown>): void {
    void answer.then((report) => tell({ report, id: id as number }));
  }

  /** The command line of a worker waits for a signal that only its primary gets. */
  #end(duties: WorkerDuties): void {
    void duties.drain().finally(() => process.exit());
  }
}

export const workerProcess = new WorkerProcess();

function tell(message: WorkerMessage): void {
  process.send?.(message);
}

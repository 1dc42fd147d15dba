import { once } from "node:events";

/** A number of places; who comes when all are taken waits, in order. */
export class Slots {
  readonly #count: number;
  readonly #queue: (() => void)[] = [];
  #taken = 0;

  constructor(count: number) {
    this.#count = count;
  }

  get taken(): number {
    return this.#taken;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  /** Rejects with the signal's reason when it is aborted before there is a place. */
  async within<Value>(signal: AbortSignal, work: () => Promise<Value>): Promise<Value> {
    await this.#take(signal);
    try {
      return await work();
    } finally {
      this.#taken -= 1;
      this.#queue.shift()?.();
    }
  }

  async #take(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#taken >= this.#count) await this.#turn(signal);
    this.#taken += 1;
  }

  async #turn(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#queue.push(resolve);
    const gone = new AbortController();
    const aborted = once(signal, "abort", { signal: gone.signal }).then(() => {
      const place = this.#queue.indexOf(resolve);
      // Called already: the place is passed on.
      if (place < 0) this.#queue.shift()?.();
      else this.#queue.splice(place, 1);
      signal.throwIfAborted();
    });
    aborted.catch(() => {});
    try {
      await Promise.race([promise, aborted]);
    } finally {
      gone.abort();
    }
  }
}

import type { RedisConnection } from "./redis-connection.ts";

const CHANNEL = "ended";

/** Wakes those who wait for the end of a scan in another process. */
export class ScanSignals {
  readonly channel: string;
  readonly #waiting = new Map<string, Set<() => void>>();

  constructor(connection: RedisConnection) {
    this.channel = connection.prefix + CHANNEL;
    connection.listen(CHANNEL, (digest) => {
      for (const wake of this.#waiting.get(digest) ?? []) wake();
    });
  }

  /** Resolves when the scan ends, when the time is over or when nobody waits any more. */
  wait(digest: string, ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", wake);
        this.#remove(digest, wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      signal.addEventListener("abort", wake, { once: true });
      const others = this.#waiting.get(digest);
      if (others === undefined) this.#waiting.set(digest, new Set([wake]));
      else others.add(wake);
    });
  }

  #remove(digest: string, wake: () => void): void {
    const all = this.#waiting.get(digest);
    all?.delete(wake);
    if (all?.size === 0) this.#waiting.delete(digest);
  }
}

import type { RedisConnection } from "./redis-connection.ts";
import { endScript, renewScript, runScript } from "./scripts.ts";

export interface ScanLockOptions {
  readonly connection: RedisConnection;
  readonly valueKey: string;
  readonly lockKey: string;
  readonly token: string;
  readonly lifetimeMs: number;
  readonly channel: string;
  readonly digest: string;
}

/** What is stored when a lock ends. */
export interface EndValue {
  readonly sealed: Buffer;
  readonly ttlMs: number;
}

/**
 * The right to scan something for all processes, renewed as long as it is used. It may be lost at any
 * time; then two scan the same, and the later of them stores nothing.
 */
export class ScanLock {
  readonly #options: ScanLockOptions;
  readonly #renewal: NodeJS.Timeout;

  constructor(options: ScanLockOptions) {
    this.#options = options;
    this.#renewal = setInterval(() => void this.#renew(), options.lifetimeMs / 3);
    this.#renewal.unref();
  }

  /** Releases it, with the value that the others are waiting for. Whether that was stored; never rejects. */
  async end(value: EndValue | undefined): Promise<"stored" | "refused" | "error" | "sick"> {
    clearInterval(this.#renewal);
    const { connection, valueKey, lockKey, token, channel, digest } = this.#options;
    const args = [token, value?.sealed ?? "", Math.ceil(value?.ttlMs ?? 0), channel, digest];
    const reply = await connection.run((client) =>
      runScript(client, endScript, [valueKey, lockKey], args),
    );
    if (reply.kind === "value") return reply.value === 1 ? "stored" : "refused";
    return reply.kind === "sick" ? "sick" : "error";
  }

  async #renew(): Promise<void> {
    const { connection, lockKey, token, lifetimeMs } = this.#options;
    const reply = await connection.run((client) =>
      runScript(client, renewScript, [lockKey], [token, lifetimeMs]),
    );
    const isLost = reply.kind === "value" && reply.value === 0;
    if (isLost) clearInterval(this.#renewal);
  }
}

import { setTimeout as pause } from "node:timers/promises";
import { CircuitBreaker } from "../../scanning/index.ts";
import type { Logger } from "../../telemetry/index.ts";
import { createRedisClient, type RedisClient, type RedisClientOptions } from "./redis-client.ts";

export interface RedisConnectionOptions extends RedisClientOptions {
  /** Before each key and channel. */
  readonly prefix: string;
  /** How long an answer is waited for. */
  readonly timeoutMs: number;
  readonly logger: Logger;
}

/** How a command ended. */
export type RedisReply<T> =
  | { readonly kind: "value"; readonly value: T }
  /** `sick`: nobody would have answered, so nobody was asked. */
  | { readonly kind: "timeout" | "error" | "sick" };

export interface RunOptions<T> {
  /** Left out: the connection's. */
  readonly timeoutMs?: number;
  /** Called with a value that came after the time was up. Must not throw. */
  readonly onLate?: (value: T) => void;
}

export type ChannelListener = (message: string) => void;

const BREAKER = { failures: 5, openForMs: 1000 };
/** Commands without an answer; above it none is added, so that a stalled Redis costs bounded memory. */
const MAX_OUTSTANDING = 4096;
const REBUILD_MS = 1000;
const LOG_EVERY_MS = 60_000;

/** The key itself is at fault, or writes alone: Redis is not sick. */
const harmless = /^(?:WRONGTYPE|OOM|MISCONF|NOSCRIPT)/;
const denied = /\b(?:NOAUTH|WRONGPASS)\b|invalid password/i;

/**
 * A connection to Redis that is never in the way: each command has a few milliseconds, a Redis that
 * does not answer is not asked for a while, and nothing here rejects. Whoever has state to share
 * between pods can use the same connection.
 */
export class RedisConnection {
  readonly prefix: string;
  readonly #options: RedisConnectionOptions;
  readonly #breaker = new CircuitBreaker({ ...BREAKER, now: () => performance.now() });
  readonly #listeners = new Map<string, ChannelListener>();
  readonly #onReady: (() => void)[] = [];
  #client: RedisClient | undefined;
  #subscriber: RedisClient | undefined;
  #outstanding = 0;
  #closed = false;
  #rebuild: NodeJS.Timeout | undefined;
  #loggedAt = Number.NEGATIVE_INFINITY;
  #wasReady = false;

  constructor(options: RedisConnectionOptions) {
    this.#options = options;
    this.prefix = options.prefix;
  }

  /** Begins to connect; resolves at the first success or failure, or when that takes too long. Never rejects. */
  async start(): Promise<void> {
    const client = await createRedisClient(this.#options);
    if (this.#closed) return client.disconnect();
    this.#client = client;
    client.on("error", (error: Error) => this.#noteError(error));
    client.on("node error", (error: Error) => this.#noteError(error));
    client.on("ready", () => this.#noteReady());
    // ioredis may give up for good when it is interrupted while it connects.
    client.on("end", () => {
      if (this.#client === client) this.#rebuildSoon();
    });
    await this.#connectSubscriber(client);
    const connected = client.connect().catch(() => {});
    const enough = new AbortController();
    const { signal } = enough;
    const late = pause(this.#options.connectTimeoutMs, undefined, { signal, ref: false });
    await Promise.race([connected, late.catch(() => {})]);
    enough.abort();
  }

  /** Whether commands are sent at this moment. */
  get isAvailable(): boolean {
    return this.#client?.status === "ready" && !this.#breaker.isOpen;
  }

  /** Runs one command. Never rejects. */
  run<T>(
    command: (client: RedisClient) => Promise<T>,
    options: RunOptions<T> = {},
  ): Promise<RedisReply<T>> {
    const client = this.#client;
    const refused =
      client?.status !== "ready" || this.#outstanding >= MAX_OUTSTANDING || !this.#breaker.admits;
    if (refused) return Promise.resolve({ kind: "sick" });
    this.#breaker.admit();
    return this.#within(() => command(client), options);
  }

  /** Calls the listener whenever there is a connection again. It must not throw. */
  onReady(listener: () => void): void {
    this.#onReady.push(listener);
  }

  /** Calls the listener for each message, when there is a connection; messages may get lost. */
  listen(channel: string, listener: ChannelListener): void {
    this.#listeners.set(this.prefix + channel, listener);
    if (this.#subscriber?.status === "ready") this.#subscribe([this.prefix + channel]);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#rebuild);
    this.#drop();
  }

  /** A connection that subscribes can do nothing else; the client of a cluster has one for that. */
  async #connectSubscriber(client: RedisClient): Promise<void> {
    const subscriber = "nodes" in client ? client : await createRedisClient(this.#options);
    this.#subscriber = subscriber;
    subscriber.on("message", (channel: string, message: string) =>
      this.#listeners.get(channel)?.(message),
    );
    subscriber.on("ready", () => this.#subscribe([...this.#listeners.keys()]));
    if (subscriber === client) return;
    subscriber.on("error", () => {});
    subscriber.on("end", () => {
      if (this.#subscriber === subscriber) this.#rebuildSoon();
    });
    void subscriber.connect().catch(() => {});
  }

  #within<T>(run: () => Promise<T>, { timeoutMs, onLate }: RunOptions<T>): Promise<RedisReply<T>> {
    return new Promise((resolve) => {
      let late = false;
      let isOver = false;
      const giveUp = (): void => {
        if (isOver) return;
        late = true;
        this.#breaker.failed();
        resolve({ kind: "timeout" });
      };
      // After a busy moment of this process the answer may be there and not be read yet.
      const timer = setTimeout(() => setImmediate(giveUp), timeoutMs ?? this.#options.timeoutMs);
      const settle = (): void => {
        isOver = true;
        this.#outstanding -= 1;
        clearTimeout(timer);
      };
      this.#outstanding += 1;
      run().then(
        (value) => {
          settle();
          this.#breaker.succeeded();
          if (late) onLate?.(value);
          else resolve({ kind: "value", value });
        },
        (error: unknown) => {
          settle();
          this.#noteFailure(error as Error);
          resolve({ kind: "error" });
        },
      );
    });
  }

  #noteFailure(error: Error): void {
    if (harmless.test(error.message)) this.#breaker.succeeded();
    else this.#breaker.failed();
    this.#noteError(error);
  }

  #noteError(error: Error): void {
    if (this.#closed) return;
    if (denied.test(error.message)) this.#rebuildSoon();
    const now = performance.now();
    if (now - this.#loggedAt < LOG_EVERY_MS) return;
    this.#loggedAt = now;
    this.#options.logger.warn("redis failed", {
      reason: reasonOf(error),
      state: this.#client?.status,
    });
  }

  #noteReady(): void {
    this.#breaker.succeeded();
    if (!this.#wasReady) this.#options.logger.info("redis connected");
    this.#wasReady = true;
    for (const listener of this.#onReady) listener();
  }

  /** A new client has its chances anew; among them a password that may have been replaced. */
  #rebuildSoon(): void {
    if (this.#rebuild !== undefined || this.#closed) return;
    this.#rebuild = setTimeout(() => {
      this.#rebuild = undefined;
      this.#drop();
      void this.start();
    }, REBUILD_MS);
    this.#rebuild.unref();
  }

  #drop(): void {
    const dropped = [this.#client, this.#subscriber];
    this.#client = undefined;
    this.#subscriber = undefined;
    for (const client of dropped) {
      client?.removeAllListeners("ready");
      client?.disconnect();
    }
  }

  #subscribe(channels: readonly string[]): void {
    if (channels.length > 0) void this.#subscriber?.subscribe(...channels).catch(() => {});
  }
}

/** ioredis puts the command, and so its arguments, beside the message and not into it. */
function reasonOf({ message }: Error): string {
  return message.slice(0, 200);
}

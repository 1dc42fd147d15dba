import type { Logger, OverrideMetrics } from "../../telemetry/index.ts";
import type { RedisConnection } from "../redis/redis-connection.ts";
import { type SharedEntry, SharedTable, SharedTableError } from "../redis/shared-table.ts";
import type { ValueSeal } from "../value-seal.ts";
import {
  decodeRecord,
  encodeRecord,
  MAX_ALLOW_MS,
  MAX_BLOCK_MS,
  type Override,
  OverrideAction,
  type OverrideInput,
  type OverrideRecord,
  overrideOf,
} from "./override.ts";
import { type OverrideClocks, OverrideSet, type ServiceName } from "./override-set.ts";

export interface OverridesOptions {
  /** Where they are shared between processes; undefined: this process alone has them. */
  readonly shared: { readonly connection: RedisConnection; readonly seal: ValueSeal } | undefined;
  readonly metrics: OverrideMetrics;
  readonly logger: Logger;
  readonly clocks?: OverrideClocks;
  /** How often the shared ones are looked at when no message tells of a change. */
  readonly pollMs?: number;
}

/** Why an operator's wish is not granted. */
export const OverrideRefusal = {
  /** It ends in the past, or later than an override may. */
  Expiry: "expiry",
  /** An exception in a store that anybody who can write to it could make. */
  NotAuthenticated: "not-authenticated",
  TooMany: "too-many",
  /** The store did not confirm it. */
  NotStored: "not-stored",
} as const;
export type OverrideRefusal = (typeof OverrideRefusal)[keyof typeof OverrideRefusal];

export class OverrideRefusedError extends Error {
  readonly refusal: OverrideRefusal;

  constructor(refusal: OverrideRefusal, message: string) {
    super(message);
    this.refusal = refusal;
  }
}

/** What a change found and left. */
export interface OverrideChange {
  readonly before: Override | undefined;
  readonly after: Override | undefined;
}

const TABLE = "overrides";
const POLL_MS = 5000;
const MAX_RECORDS = 10_000;
const DAY_MS = 86_400_000;
/** The store forgets later than all clocks do, so that one that is wrong takes nothing from others. */
const STORE_LONGER_MS = DAY_MS;
const ALARM_INTERVAL_MS = 10_000;
const systemClocks: OverrideClocks = { wall: Date.now, steady: () => performance.now() };

/**
 * What operators say of contents: allowed or blocked, whatever scanners think. Each process holds all
 * of it in memory and follows Redis within seconds. Without Redis for a while what is known holds on,
 * each until it expires, and what Redis has lost comes back from those who know it.
 */
export class Overrides {
  readonly #options: OverridesOptions;
  readonly #clocks: OverrideClocks;
  readonly #set: OverrideSet;
  readonly #table: SharedTable | undefined;
  #alarmedAt = Number.NEGATIVE_INFINITY;

  constructor(options: OverridesOptions) {
    const { shared, clocks = systemClocks, pollMs = POLL_MS } = options;
    this.#options = options;
    this.#clocks = clocks;
    this.#set = new OverrideSet(clocks);
    this.#table =
      shared &&
      new SharedTable({
        ...shared,
        pollMs,
        name: TABLE,
        now: clocks.wall,
        onEntry: (entry) => this.#adopt(entry),
        onUnverified: () => this.#alarm("unverified"),
      });
  }

  /** Learns what is shared, if it can be had at this moment. Never rejects. */
  async start(): Promise<void> {
    await this.#table?.refresh();
  }

  /** What a message of another process would lead to at once. Never rejects. */
  async refresh(): Promise<void> {
    await this.#table?.refresh();
  }

  get storage(): "redis" | "memory" {
    return this.#table === undefined ? "memory" : "redis";
  }

  get version(): number {
    return this.#set.version;
  }

  get all(): readonly Override[] {
    return this.#set.overrides;
  }

  find(sha256: string, service: ServiceName): Override | undefined {
    return this.#set.find(sha256, service);
  }

  has(action: OverrideAction, service: ServiceName): boolean {
    return this.#set.has(action, service);
  }

  revision(service: ServiceName): string {
    return this.#set.revision(service);
  }

  get(sha256: string): Override | undefined {
    const record = this.#set.record(sha256);
    return record && overrideOf(record);
  }

  /**
   * Says it of a content, in place of what was said before; `at` is the moment of the wish. Resolves
   * when this process goes by it and the store has it; rejects with an `OverrideRefusedError`.
   */
  async set(input: OverrideInput, at = this.#clocks.wall()): Promise<OverrideChange> {
    this.#checkExpiry(input, at);
    if (input.action === OverrideAction.Allow && this.#isForgeable) {
      throw new OverrideRefusedError(
        "not-authenticated",
        "an exception in a Redis without cache.hmacKeyFile could be made by anybody who can write there",
      );
    }
    if (this.#set.record(input.sha256) === undefined && this.#set.size >= MAX_RECORDS) {
      throw new OverrideRefusedError("too-many", `there are ${MAX_RECORDS} overrides already`);
    }
    return this.#write({ ...input, createdAt: at, order: this.#orderOf(input.sha256, at) });
  }

  /** Takes back what was said; as `set`. Nothing happens where nothing was said. */
  async remove(sha256: string, at = this.#clocks.wall()): Promise<OverrideChange> {
    const known = this.#set.record(sha256);
    if (known === undefined || known.action === "none") {
      return { before: undefined, after: undefined };
    }
    return this.#write({ ...known, action: "none", order: this.#orderOf(sha256, at) });
  }

  /** Takes over what another process of this server knew: for processes that share nothing else. */
  restore(overrides: readonly Override[]): void {
    for (const override of overrides) {
      this.#set.put({ ...override, order: this.#orderOf(override.sha256, override.createdAt) });
    }
  }

  close(): void {
    this.#table?.close();
  }

  /** Whoever can write to the store could have written it. */
  get #isForgeable(): boolean {
    const { shared } = this.#options;
    return shared !== undefined && !shared.seal.authenticates;
  }

  #checkExpiry({ action, expiresAt }: OverrideInput, at: number): void {
    const longest = action === OverrideAction.Allow ? MAX_ALLOW_MS : MAX_BLOCK_MS;
    if (expiresAt <= this.#clocks.wall()) {
      throw new OverrideRefusedError("expiry", "it would have expired already");
    }
    if (expiresAt > at + longest) {
      const days = longest / DAY_MS;
      throw new OverrideRefusedError("expiry", `${action} lasts for ${days} days at most`);
    }
  }

  /** After everything that is known of it, whatever the clock says. */
  #orderOf(sha256: string, at: number): number {
    return Math.max(at, (this.#set.record(sha256)?.order ?? 0) + 1);
  }

  /** The store first: what only this process knew would hold for a part of the requests. */
  async #write(record: OverrideRecord): Promise<OverrideChange> {
    const before = this.get(record.sha256);
    try {
      await this.#table?.put(this.#entryOf(record));
    } catch (error) {
      if (!(error instanceof SharedTableError)) throw error;
      this.#table?.forget(record.sha256);
      throw new OverrideRefusedError("not-stored", error.message);
    }
    this.#set.put(record);
    return { before, after: this.get(record.sha256) };
  }

  #entryOf(record: OverrideRecord): SharedEntry {
    const { sha256, expiresAt } = record;
    return { field: sha256, value: encodeRecord(record), until: expiresAt + STORE_LONGER_MS };
  }

  #adopt({ field, value }: SharedEntry): void {
    const record = decodeRecord(field, value);
    const isForgeable = record?.action === OverrideAction.Allow && this.#isForgeable;
    if (record === undefined || isForgeable) {
      this.#alarm(isForgeable ? "not-authenticated" : "unreadable");
      return;
    }
    if (this.#set.size >= MAX_RECORDS && this.#set.record(field) === undefined) return;
    const holds = this.#set.put(record);
    // Older than what is known: a lost write, or somebody who put an old value back.
    if (holds !== undefined && holds.order > record.order) this.#putBack(field);
  }

  /** Nothing goes away before its time but by a record that says so. */
  #putBack(sha256: string): void {
    const record = this.#set.record(sha256);
    if (record === undefined) return;
    // Later: the table is in the midst of its entries.
    setImmediate(() => void this.#table?.put(this.#entryOf(record)).catch(() => {}));
  }

  #alarm(reason: Parameters<OverrideMetrics["overrideRefused"]>[0]): void {
    this.#options.metrics.overrideRefused(reason);
    const now = this.#clocks.steady();
    if (now - this.#alarmedAt < ALARM_INTERVAL_MS) return;
    this.#alarmedAt = now;
    this.#options.logger.error("an override in redis is not believed", { reason });
  }
}

import { randomUUID } from "node:crypto";
import type { ValueSeal } from "../value-seal.ts";
import type { RedisConnection } from "./redis-connection.ts";

export interface SharedTableOptions {
  readonly connection: RedisConnection;
  readonly seal: ValueSeal;
  /** Of the table, the same in every process. */
  readonly name: string;
  /** How often it is looked at when no message tells of a change: the bound within which all know. */
  readonly pollMs: number;
  /** Called with each entry that is there, whenever something has changed. Must not throw. */
  readonly onEntry: (entry: SharedEntry) => void;
  /** Called for each value that does not verify. */
  readonly onUnverified: () => void;
  /** Milliseconds since 1970, as `Date.now`. */
  readonly now: () => number;
}

export interface SharedEntry {
  readonly field: string;
  readonly value: string;
  /** When it goes by itself, in milliseconds since 1970. */
  readonly until: number;
}

/** The field of the hash beside entries: another value after each change. */
const REVISION = "";
/** So many looks at the revision, and the next one is at all of it: not everybody who writes tells. */
const LOOKS = 12;
const CHANNEL = "table:";
const MAX_ENTRIES = 100_000;
/** An operator waits for these; a scan does not. */
const TIMEOUT_MS = 2000;

/**
 * A small table that every process holds whole in its memory: written rarely, by operators, and read
 * with each scan. It follows Redis within `pollMs`. Entries stay until their time is over: what Redis
 * has lost, or somebody took away, is written again by those who know it, so that neither a restart of
 * Redis nor whoever can write there brings anything back that was forbidden.
 */
export class SharedTable {
  readonly #options: SharedTableOptions;
  readonly #key: string;
  readonly #entries = new Map<string, SharedEntry>();
  readonly #timer: NodeJS.Timeout;
  #revision: string | undefined;
  #looks = 0;
  #refreshing: Promise<void> | undefined;
  /** Somebody told of a change, perhaps after it was looked for. */
  #isStale = false;

  constructor(options: SharedTableOptions) {
    this.#options = options;
    const { connection, name, pollMs } = options;
    this.#key = `${connection.prefix}table:${name}`;
    connection.listen(CHANNEL + name, () => void this.refresh());
    connection.onReady(() => void this.refresh());
    this.#timer = setInterval(() => void this.refresh(), pollMs);
    this.#timer.unref();
  }

  get entries(): readonly SharedEntry[] {
    return [...this.#entries.values()];
  }

  /** Adds or replaces an entry. Resolves when Redis has it; rejects when it has not, or may not have. */
  async put(entry: SharedEntry): Promise<void> {
    if (entry.field === REVISION) throw new TypeError("no field for entries");
    if (this.#entries.size >= MAX_ENTRIES && !this.#entries.has(entry.field)) {
      throw new SharedTableError("full");
    }
    this.#entries.set(entry.field, entry);
    await this.#write([entry], []);
  }

  /** Drops an entry here alone, such as one that could not be written. */
  forget(field: string): void {
    this.#entries.delete(field);
  }

  /** Looks for changes now. Never rejects. */
  refresh(): Promise<void> {
    this.#isStale = true;
    this.#refreshing ??= this.#refreshAll().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #write(entries: readonly SharedEntry[], removed: readonly string[]): Promise<void> {
    const { connection, name } = this.#options;
    const reply = await connection.run(
      async (client) => {
        if (removed.length > 0) await client.hdel(this.#key, ...removed);
        if (entries.length > 0) await client.hset(this.#key, ...entries.flatMap(this.#sealed));
        await client.hset(this.#key, REVISION, randomUUID());
        await client.publish(connection.prefix + CHANNEL + name, "");
      },
      { timeoutMs: TIMEOUT_MS },
    );
    if (reply.kind !== "value") throw new SharedTableError(reply.kind);
  }

  readonly #sealed = ({ field, value, until }: SharedEntry): [string, Buffer] => {
    const text = Buffer.from(JSON.stringify([until, value]));
    return [field, this.#options.seal.seal(`${this.#key}:${field}`, text)];
  };

  async #refreshAll(): Promise<void> {
    while (this.#isStale) {
      this.#isStale = false;
      await this.#refresh();
    }
  }

  async #refresh(): Promise<void> {
    this.#dropExpired();
    const { connection } = this.#options;
    const seen = await connection.run((client) => client.hget(this.#key, REVISION), {
      timeoutMs: TIMEOUT_MS,
    });
    if (seen.kind !== "value") return;
    const revision = seen.value ?? "";
    const isGone = revision === "" && this.#entries.size > 0;
    this.#looks += 1;
    if (revision === this.#revision && !isGone && this.#looks < LOOKS) return;
    this.#looks = 0;
    const all = await connection.run((client) => client.hgetallBuffer(this.#key), {
      timeoutMs: TIMEOUT_MS,
    });
    if (all.kind !== "value") return;
    await this.#take(all.value);
    this.#revision = revision;
  }

  async #take(fields: Readonly<Record<string, Buffer>>): Promise<void> {
    const found = this.#openAll(fields);
    const lost = this.entries.filter(({ field }) => !found.has(field));
    for (const entry of found.values()) this.#adopt(entry);
    if (lost.length > 0) await this.#write(lost, []).catch(() => {});
  }

  #openAll(fields: Readonly<Record<string, Buffer>>): ReadonlyMap<string, SharedEntry> {
    const found = new Map<string, SharedEntry>();
    for (const [field, sealed] of Object.entries(fields)) {
      if (field === REVISION || found.size >= MAX_ENTRIES) continue;
      const entry = this.#opened(field, sealed);
      if (entry === undefined) this.#options.onUnverified();
      else if (entry.until > this.#options.now()) found.set(field, entry);
    }
    return found;
  }

  #opened(field: string, sealed: Buffer): SharedEntry | undefined {
    const text = this.#options.seal.open(`${this.#key}:${field}`, sealed);
    if (text === undefined) return undefined;
    try {
      const [until, value] = JSON.parse(text.toString()) as [unknown, unknown];
      if (typeof until !== "number" || typeof value !== "string") return undefined;
      return { field, value, until };
    } catch {
      return undefined;
    }
  }

  #adopt(entry: SharedEntry): void {
    this.#entries.set(entry.field, entry);
    this.#options.onEntry(entry);
  }

  #dropExpired(): void {
    const now = this.#options.now();
    const expired = this.entries.filter(({ until }) => until <= now).map(({ field }) => field);
    for (const field of expired) this.#entries.delete(field);
    if (expired.length === 0) return;
    void this.#write([], expired).catch(() => {});
  }
}

const reasons: Readonly<Record<string, string>> = {
  sick: "Redis is not available",
  full: `there are ${MAX_ENTRIES} entries already`,
};

/** Redis did not take a change. */
export class SharedTableError extends Error {
  constructor(kind: "timeout" | "error" | "sick" | "full") {
    super(reasons[kind] ?? `Redis did not confirm the change (${kind})`);
  }
}

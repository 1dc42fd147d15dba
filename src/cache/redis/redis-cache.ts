import { randomBytes } from "node:crypto";
import {
  type CacheMetrics,
  CacheTier,
  type Logger,
  ReadResult,
  SharingResult,
  WriteResult,
} from "../../telemetry/index.ts";
import { patientUntil } from "../patience.ts";
import { PurgeMarks } from "../purge-marks.ts";
import type { ValueSeal } from "../value-seal.ts";
import type {
  Claim,
  ClaimTerms,
  PurgeSelection,
  RememberedVerdict,
  TierStats,
  VerdictCache,
  VerdictKey,
} from "../verdict-cache.ts";
import { decodeVerdict, encodeVerdict, MAX_VALUE_BYTES } from "../verdict-codec.ts";
import type { RedisConnection, RedisReply } from "./redis-connection.ts";
import { redisStats } from "./redis-stats.ts";
import { type EndValue, ScanLock } from "./scan-lock.ts";
import { ScanSignals } from "./scan-signals.ts";
import { claimScript, endScript, runScript } from "./scripts.ts";
import { type SharedEntry, SharedTable } from "./shared-table.ts";

export interface RedisVerdictCacheOptions {
  readonly connection: RedisConnection;
  readonly seal: ValueSeal;
  readonly metrics: CacheMetrics;
  readonly logger: Logger;
  /** Milliseconds since 1970, as `Date.now`. */
  readonly now: () => number;
  readonly timing?: SharingTiming;
}

/** How processes wait for each other. */
export interface SharingTiming {
  /** A lock whose holder died is free again after this. */
  readonly lockMs: number;
  /** First and longest pause between two looks, where no message comes. */
  readonly pollMs: readonly [number, number];
  /** How often purges are looked for, where no message comes. */
  readonly purgePollMs: number;
}

const TIMING: SharingTiming = { lockMs: 5000, pollMs: [50, 500], purgePollMs: 5000 };
/** The form of a value, and what a seal adds to it. */
const LARGEST_SEALED = MAX_VALUE_BYTES + 17;
const ALARM_EVERY_MS = 60_000;

/** Longer than any verdict is remembered. */
const PURGE_MS = 31 * 86_400_000;

/** Says whose turn it is. */
const Right = { Busy: 0, Locked: 1, Unlocked: 2 } as const;

type Turn = Extract<Claim, { kind: "turn" }>;

/** Verdicts in Redis, shared by all processes that use the same one, and scans that they share. */
export class RedisVerdictCache implements VerdictCache {
  readonly #options: RedisVerdictCacheOptions;
  readonly #timing: SharingTiming;
  readonly #signals: ScanSignals;
  readonly #marks = new PurgeMarks();
  readonly #purges: SharedTable;
  /** Sets apart the locks of one process from those of others. */
  readonly #process = randomBytes(9).toString("base64url");
  #claims = 0;
  #alarmedAt = Number.NEGATIVE_INFINITY;

  constructor(options: RedisVerdictCacheOptions) {
    this.#options = options;
    this.#timing = options.timing ?? TIMING;
    const { connection, seal, now } = options;
    this.#signals = new ScanSignals(connection);
    this.#purges = new SharedTable({
      connection,
      seal,
      now,
      name: "purges",
      pollMs: this.#timing.purgePollMs,
      onEntry: (entry) => this.#mark(entry),
      onUnverified: () => this.#alarm(),
    });
  }

  /** Connects. Never rejects. */
  async start(): Promise<void> {
    await this.#options.connection.start();
    await this.#purges.refresh();
  }

  near(): undefined {
    return undefined;
  }

  async get(key: VerdictKey): Promise<RememberedVerdict | undefined> {
    // Not GET: what lies under the key may be of any size.
    const reply = await this.#options.connection.run((client) =>
      client.getrangeBuffer(this.#valueKey(key), 0, LARGEST_SEALED),
    );
    if (reply.kind !== "value") return this.#unread(reply);
    return this.#open(key, reply.value);
  }

  async claim(key: VerdictKey, terms: ClaimTerms): Promise<Claim> {
    const until = patientUntil(terms.deadlineAt);
    const [firstMs, longestMs] = this.#timing.pollMs;
    let pollMs = firstMs;
    let waited = false;
    for (;;) {
      const claim = await this.#tryClaim(key, terms);
      const leftMs = until - performance.now();
      if (claim !== "busy" || leftMs <= 0 || terms.signal.aborted) {
        if (waited) this.#tellWait(claim);
        if (claim !== "busy") return claim;
        return { ...this.#turn(key), elsewhere: (signal) => this.#elsewhere(key, terms, signal) };
      }
      waited = true;
      await this.#signals.wait(key.digest, Math.min(pollMs, leftMs), terms.signal);
      pollMs = Math.min(pollMs * 2, longestMs);
    }
  }

  set(key: VerdictKey, remembered: RememberedVerdict): void {
    const value = this.#sealed(key, remembered);
    if (value === undefined) return;
    void this.#options.connection
      .run((client) => client.set(this.#valueKey(key), value.sealed, "PX", value.ttlMs))
      .then(({ kind }) => this.#written(kind === "value" ? "stored" : kind));
  }

  async purge(selection: PurgeSelection): Promise<void> {
    this.#marks.add(selection);
    await this.#purges.put(entryOf(selection, this.#options.now()));
  }

  isPurged(key: VerdictKey, remembered: RememberedVerdict): boolean {
    return this.#marks.covers(key, remembered);
  }

  async stats(): Promise<readonly TierStats[]> {
    return [await redisStats(this.#options.connection)];
  }

  async close(): Promise<void> {
    this.#purges.close();
    await this.#options.connection.close();
  }

  /** `busy` while another process scans. */
  async #tryClaim(key: VerdictKey, terms: ClaimTerms): Promise<Claim | "busy"> {
    const first = await this.#ask(key, false);
    if (!("found" in first)) return first.claim;
    const { found } = first;
    if (found !== undefined && terms.accepts(found)) return { kind: "known", remembered: found };
    // There is a value that this transaction has no use for: all the same it is its turn, or another's.
    const second = await this.#ask(key, true);
    return "claim" in second ? second.claim : this.#turn(key);
  }

  /** Asks for the value, or else for the lock; for the lock at once where the value is of no use. */
  async #ask(
    key: VerdictKey,
    isUseless: boolean,
  ): Promise<
    { readonly found: RememberedVerdict | undefined } | { readonly claim: Claim | "busy" }
  > {
    const { connection } = this.#options;
    const token = this.#token();
    const keys = [this.#valueKey(key), this.#lockKey(key)];
    const args = [token, this.#timing.lockMs, LARGEST_SEALED, isUseless ? "1" : "0"];
    const reply = await connection.run(
      async (client) => (await runScript(client, claimScript, keys, args)) as ClaimReply,
      {
        // It is scanned without a lock by now; others need not wait for it.
        onLate: ([, right]) => {
          if (right === Right.Locked) void this.#release(key, token);
        },
      },
    );
    if (reply.kind !== "value") {
      this.#unread(reply);
      return { claim: this.#turn(key) };
    }
    const [sealed, right] = reply.value;
    if (sealed !== null) return { found: this.#open(key, sealed) };
    this.#options.metrics.cacheRead(CacheTier.Redis, ReadResult.Miss);
    if (right === Right.Busy) return { claim: "busy" };
    return { claim: right === Right.Locked ? this.#lockedTurn(key, token) : this.#turn(key) };
  }

  async #elsewhere(
    key: VerdictKey,
    { accepts }: ClaimTerms,
    signal: AbortSignal,
  ): Promise<RememberedVerdict | undefined> {
    for (;;) {
      await this.#signals.wait(key.digest, this.#timing.pollMs[1], signal);
      if (signal.aborted) return undefined;
      const found = await this.get(key);
      if (found !== undefined && accepts(found)) return found;
    }
  }

  #tellWait(claim: Claim | "busy"): void {
    const result =
      claim !== "busy" && claim.kind === "known" ? SharingResult.Shared : SharingResult.Alone;
    this.#options.metrics.scanAwaited("fleet", result);
  }

  async #release(key: VerdictKey, token: string): Promise<void> {
    const keys = [this.#valueKey(key), this.#lockKey(key)];
    const args = [token, "", 0, this.#signals.channel, key.digest];
    await this.#options.connection.run((client) => runScript(client, endScript, keys, args));
  }

  /** A turn that others do not know of. */
  #turn(key: VerdictKey): Turn {
    return {
      kind: "turn",
      end: (remembered) => {
        if (remembered !== undefined) this.set(key, remembered);
      },
    };
  }

  #lockedTurn(key: VerdictKey, token: string): Turn {
    const lock = new ScanLock({
      connection: this.#options.connection,
      valueKey: this.#valueKey(key),
      lockKey: this.#lockKey(key),
      token,
      lifetimeMs: this.#timing.lockMs,
      channel: this.#signals.channel,
      digest: key.digest,
    });
    return {
      kind: "turn",
      end: (remembered) => {
        const value = remembered && this.#sealed(key, remembered);
        void lock.end(value).then((how) => {
          if (value !== undefined) this.#written(how);
        });
      },
    };
  }

  #sealed(key: VerdictKey, remembered: RememberedVerdict): EndValue | undefined {
    const encoded = encodeVerdict(remembered);
    const ttlMs = Math.ceil(remembered.expiresAt - this.#options.now());
    if (encoded === undefined || ttlMs <= 0) return undefined;
    return { sealed: this.#options.seal.seal(this.#valueKey(key), encoded), ttlMs };
  }

  #open(key: VerdictKey, sealed: Buffer): RememberedVerdict | undefined {
    const { metrics, seal } = this.#options;
    if (sealed.length === 0) {
      metrics.cacheRead(CacheTier.Redis, ReadResult.Miss);
      return undefined;
    }
    const value = seal.open(this.#valueKey(key), sealed);
    const remembered = value && decodeVerdict(value);
    if (remembered === undefined) {
      this.#alarm();
      return undefined;
    }
    if (this.isPurged(key, remembered)) {
      metrics.cacheRead(CacheTier.Redis, ReadResult.Miss);
      return undefined;
    }
    metrics.cacheRead(CacheTier.Redis, ReadResult.Hit);
    return remembered;
  }

  #unread({ kind }: RedisReply<unknown>): undefined {
    const { metrics } = this.#options;
    if (kind === "timeout") metrics.cacheRead(CacheTier.Redis, ReadResult.Timeout);
    else
      metrics.cacheRead(CacheTier.Redis, kind === "sick" ? ReadResult.Skipped : ReadResult.Error);
  }

  #written(how: "stored" | "refused" | "error" | "timeout" | "sick"): void {
    const { metrics } = this.#options;
    if (how === "stored") metrics.cacheWritten(CacheTier.Redis, WriteResult.Stored);
    else
      metrics.cacheWritten(
        CacheTier.Redis,
        how === "sick" ? WriteResult.Dropped : WriteResult.Error,
      );
  }

  /** Somebody else writes to this Redis, or pods have different keys. */
  #alarm(): void {
    const { metrics, logger } = this.#options;
    metrics.cacheRead(CacheTier.Redis, ReadResult.Unverified);
    const now = performance.now();
    if (now - this.#alarmedAt < ALARM_EVERY_MS) return;
    this.#alarmedAt = now;
    logger.warn("a value in redis does not verify", { prefix: this.#options.connection.prefix });
  }

  #mark(entry: SharedEntry): void {
    const selection = selectionOf(entry);
    if (!Number.isFinite(selection.before)) {
      this.#alarm();
      return;
    }
    const before = this.#marks.add(selection);
    if (before <= selection.before) return;
    // An old one lies in the place of a later one. Not at once: the table is in the midst of its entries.
    setImmediate(() => void this.purge({ ...selection, before }).catch(() => {}));
  }

  #token(): string {
    this.#claims += 1;
    return `${this.#process}:${this.#claims}:`;
  }

  /** In braces what Redis Cluster places keys by: a value and its lock lie on one node. */
  #valueKey({ digest }: VerdictKey): string {
    return `${this.#options.connection.prefix}v{${digest}}`;
  }

  #lockKey({ digest }: VerdictKey): string {
    return `${this.#options.connection.prefix}l{${digest}}`;
  }
}

type ClaimReply = readonly [sealed: Buffer | null, turn?: number];

function entryOf({ scanner = "", sha256 = "", before }: PurgeSelection, now: number): SharedEntry {
  return { field: `${sha256}|${scanner}`, value: String(before), until: now + PURGE_MS };
}

function selectionOf({ field, value }: SharedEntry): PurgeSelection {
  const at = field.indexOf("|");
  const sha256 = field.slice(0, at);
  const scanner = field.slice(at + 1);
  return {
    before: Number(value),
    ...(sha256 !== "" && { sha256 }),
    ...(scanner !== "" && { scanner }),
  };
}

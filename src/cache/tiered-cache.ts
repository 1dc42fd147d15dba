import type { MemoryVerdictCache } from "./memory-cache.ts";
import type { RedisVerdictCache } from "./redis/redis-cache.ts";
import type {
  Claim,
  ClaimTerms,
  PurgeSelection,
  RememberedVerdict,
  TierStats,
  VerdictCache,
  VerdictKey,
} from "./verdict-cache.ts";

/** The memory of this process before Redis: what is asked for often is asked of Redis once in a while. */
export class TieredVerdictCache implements VerdictCache {
  readonly #memory: MemoryVerdictCache;
  readonly #redis: RedisVerdictCache;

  constructor(memory: MemoryVerdictCache, redis: RedisVerdictCache) {
    this.#memory = memory;
    this.#redis = redis;
  }

  near(key: VerdictKey): RememberedVerdict | undefined {
    const known = this.#memory.near(key);
    // Another process may have purged it.
    return known && this.#redis.isPurged(key, known) ? undefined : known;
  }

  async get(key: VerdictKey): Promise<RememberedVerdict | undefined> {
    const near = this.near(key);
    if (near !== undefined) return near;
    const known = await this.#redis.get(key);
    if (known !== undefined) this.#memory.set(key, known);
    return known;
  }

  async claim(key: VerdictKey, terms: ClaimTerms): Promise<Claim> {
    const claim = await this.#redis.claim(key, terms);
    if (claim.kind === "known") {
      this.#memory.set(key, claim.remembered);
      return claim;
    }
    return {
      ...claim,
      end: (remembered) => {
        if (remembered !== undefined) this.#memory.set(key, remembered);
        claim.end(remembered);
      },
    };
  }

  set(key: VerdictKey, remembered: RememberedVerdict): void {
    this.#memory.set(key, remembered);
    this.#redis.set(key, remembered);
  }

  isPurged(key: VerdictKey, remembered: RememberedVerdict): boolean {
    return this.#memory.isPurged(key, remembered) || this.#redis.isPurged(key, remembered);
  }

  async purge(selection: PurgeSelection): Promise<void> {
    await this.#memory.purge(selection);
    await this.#redis.purge(selection);
  }

  async stats(): Promise<readonly TierStats[]> {
    return [...(await this.#memory.stats()), ...(await this.#redis.stats())];
  }

  async close(): Promise<void> {
    await Promise.all([this.#memory.close(), this.#redis.close()]);
  }
}

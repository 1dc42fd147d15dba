import {
  type CacheLookup,
  type CacheOperator,
  type CacheState,
  OperationError,
  OperationFault,
  type OverrideChange,
  type OverrideList,
  type PurgeDone,
} from "../admin/index.ts";
import {
  type OverrideInput,
  OverrideRefusal,
  OverrideRefusedError,
  type Overrides,
  type ScanCache,
} from "../cache/index.ts";
import type { MetricsSnapshot } from "../telemetry/index.ts";
import { countByAction } from "./overrides.ts";

export interface CacheOperatorParts {
  /** Undefined: it is switched off. */
  readonly cache: ScanCache | undefined;
  readonly overrides: Overrides;
  readonly metrics: () => Promise<MetricsSnapshot>;
}

const READS = "sluice_cache_reads_total";

/** What operators do with the cache of this process. */
export class ProcessCacheOperator implements CacheOperator {
  readonly #parts: CacheOperatorParts;

  constructor(parts: CacheOperatorParts) {
    this.#parts = parts;
  }

  async stats(): Promise<CacheState> {
    const { cache, overrides, metrics } = this.#parts;
    const [tiers = [], counts] = await Promise.all([cache?.stats(), metrics()]);
    return {
      tiers: tiers.map((tier) => ({ ...tier, reads: readsOf(tier.tier, counts) })),
      overrides: { storage: overrides.storage, ...countByAction(overrides) },
      processes: 1,
    };
  }

  async lookup(query: Parameters<CacheOperator["lookup"]>[0]): Promise<CacheLookup> {
    const { cache, overrides } = this.#parts;
    const { sha256, declaredType, fileName } = query;
    const known = (await cache?.lookup({ sha256, declaredType, fileName })) ?? [];
    const verdicts = known.map(({ scanner, verdict, judgedAt, expiresAt }) => ({
      scanner,
      verdict: verdict.kind,
      ...(verdict.reason !== undefined && { reason: verdict.reason }),
      threats: verdict.threats.map(({ name }) => name),
      judgedAt,
      expiresAt,
    }));
    return { verdicts, scanners: cache?.scanners ?? [], override: overrides.get(sha256) };
  }

  async purge({
    scanner,
    sha256,
    before,
  }: Parameters<CacheOperator["purge"]>[0]): Promise<PurgeDone> {
    const selection = {
      ...(scanner !== undefined && { scanner }),
      ...(sha256 !== undefined && { sha256 }),
      ...(before !== undefined && { before }),
    };
    try {
      const scanners = (await this.#parts.cache?.purge(selection)) ?? [];
      return scanner === undefined ? {} : { scanners };
    } catch (error) {
      throw new OperationError(
        OperationFault.Unconfirmed,
        `this process has forgotten, the others may not know: ${messageOf(error)}`,
      );
    }
  }

  async overrides(): Promise<OverrideList> {
    const { storage, all } = this.#parts.overrides;
    return { storage, overrides: all };
  }

  setOverride({ at, ...input }: OverrideInput & { readonly at: number }): Promise<OverrideChange> {
    return granted(this.#parts.overrides.set(input, at));
  }

  removeOverride(order: { readonly sha256: string; readonly at: number }): Promise<OverrideChange> {
    return granted(this.#parts.overrides.remove(order.sha256, order.at));
  }
}

const FAULT: Readonly<Record<OverrideRefusal, OperationFault>> = {
  [OverrideRefusal.Expiry]: OperationFault.Refused,
  [OverrideRefusal.NotAuthenticated]: OperationFault.Conflict,
  [OverrideRefusal.TooMany]: OperationFault.Conflict,
  [OverrideRefusal.NotStored]: OperationFault.Unconfirmed,
};

async function granted<T>(change: Promise<T>): Promise<T> {
  try {
    return await change;
  } catch (error) {
    if (!(error instanceof OverrideRefusedError)) throw error;
    throw new OperationError(FAULT[error.refusal], error.message);
  }
}

function readsOf(tier: string, counts: MetricsSnapshot): Record<string, number> {
  const reads: Record<string, number> = {};
  for (const { labels, value } of counts.find(({ name }) => name === READS)?.values ?? []) {
    if (labels["tier"] === tier) reads[String(labels["result"])] = value;
  }
  return reads;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

import {
  type CacheLookup,
  type CacheOperator,
  type CacheState,
  type KeptOverride,
  OperationError,
  type OperationFault,
  type OverrideChange,
  type OverrideList,
  type PurgeDone,
  type TierState,
} from "../admin/index.ts";
import type { Overrides } from "../cache/index.ts";

/** An operation of a `CacheOperator` as a message between processes. */
interface CacheQuestion {
  readonly operation: keyof CacheOperator;
  readonly order: unknown;
}

/** What new workers are told of what operators said, where they share nothing else. */
interface Restoration {
  readonly restore: readonly KeptOverride[];
}

type CacheAnswer =
  | { readonly value: unknown }
  | { readonly fault: OperationFault; readonly message: string };

/** The worker's side: does what the primary asks. */
export async function answerCacheQuestion(
  question: unknown,
  operator: CacheOperator,
  overrides: Overrides,
): Promise<CacheAnswer> {
  const asked = question as CacheQuestion | Restoration;
  if ("restore" in asked) {
    overrides.restore(asked.restore);
    return { value: undefined };
  }
  const operation = operator[asked.operation] as (order: unknown) => Promise<unknown>;
  try {
    return { value: await operation.call(operator, asked.order) };
  } catch (error) {
    if (error instanceof OperationError) return { fault: error.fault, message: error.message };
    const message = error instanceof Error ? error.message : String(error);
    return { fault: "unconfirmed", message };
  }
}

/** Asks every worker; undefined stands for one that does not answer. */
type AskWorkers = (question: unknown) => Promise<readonly unknown[]>;

/**
 * The primary's side: each worker does what is asked, since each has a memory of its own. A change
 * counts when all have confirmed it; a question is answered by those that answer.
 */
export class FleetCacheOperator implements CacheOperator {
  readonly #ask: AskWorkers;
  /** Where workers have memory only: what the next one has to be told. */
  readonly #kept = new Map<string, KeptOverride>();

  constructor(ask: AskWorkers) {
    this.#ask = ask;
  }

  /** For a worker that has just begun; undefined: it finds out by itself. */
  get greeting(): unknown {
    const restore = [...this.#kept.values()];
    return restore.length === 0 ? undefined : ({ restore } satisfies Restoration);
  }

  async stats(): Promise<CacheState> {
    const states = await this.#question<CacheState>("stats");
    const [first] = states;
    const names = new Set(states.flatMap(({ tiers }) => tiers.map(({ tier }) => tier)));
    return {
      tiers: [...names].map((name) =>
        sumOf(states.flatMap(({ tiers }) => tiers.filter(({ tier }) => tier === name))),
      ),
      overrides: first.overrides,
      processes: states.length,
    };
  }

  async lookup(query: Parameters<CacheOperator["lookup"]>[0]): Promise<CacheLookup> {
    const found = await this.#question<CacheLookup>("lookup", query);
    const [{ scanners }] = found;
    const override = found.find((one) => one.override !== undefined)?.override;
    const verdicts = found.flatMap((one) => one.verdicts);
    return { verdicts: distinct(verdicts), scanners, override };
  }

  async purge(order: Parameters<CacheOperator["purge"]>[0]): Promise<PurgeDone> {
    return await this.#change<PurgeDone>("purge", order);
  }

  async overrides(): Promise<OverrideList> {
    const lists = await this.#question<OverrideList>("overrides");
    const all = lists.flatMap(({ overrides }) => overrides);
    const byHash = new Map(all.map((override) => [override.sha256, override]));
    return { storage: lists[0].storage, overrides: [...byHash.values()] };
  }

  async setOverride(order: Parameters<CacheOperator["setOverride"]>[0]): Promise<OverrideChange> {
    const change = await this.#change<OverrideChange>("setOverride", order);
    await this.#keep(change.after);
    return change;
  }

  async removeOverride(
    order: Parameters<CacheOperator["removeOverride"]>[0],
  ): Promise<OverrideChange> {
    // Whatever comes of it: no new worker brings it back.
    this.#kept.delete(order.sha256);
    return this.#change<OverrideChange>("removeOverride", order);
  }

  async #keep(override: KeptOverride | undefined): Promise<void> {
    const { storage } = await this.overrides();
    if (override !== undefined && storage === "memory") this.#kept.set(override.sha256, override);
  }

  async #question<T>(operation: keyof CacheOperator, order?: unknown): Promise<[T, ...T[]]> {
    const { values, fault } = await this.#answers<T>(operation, order);
    const [first, ...rest] = values;
    if (first === undefined) throw fault ?? unconfirmed("no worker process answers");
    return [first, ...rest];
  }

  async #change<T>(operation: keyof CacheOperator, order: unknown): Promise<T> {
    const { values, fault, silent } = await this.#answers<T>(operation, order);
    if (fault !== undefined) throw fault;
    if (silent > 0) throw unconfirmed(`${silent} worker processes have not confirmed it`);
    // The one that was first found what had been before.
    const changed = values.find((value) => (value as OverrideChange | undefined)?.before);
    return changed ?? (values[0] as T);
  }

  async #answers<T>(operation: keyof CacheOperator, order: unknown) {
    const answers = await this.#ask({ operation, order } satisfies CacheQuestion);
    const given = answers.filter((answer) => answer !== undefined) as CacheAnswer[];
    const refused = given.find((answer) => "fault" in answer);
    return {
      values: given.flatMap((answer) => ("value" in answer ? [answer.value as T] : [])),
      fault: refused && new OperationError(refused.fault, refused.message),
      silent: answers.length - given.length + (answers.length === 0 ? 1 : 0),
    };
  }
}

const unconfirmed = (message: string): OperationError => new OperationError("unconfirmed", message);

/** Workers have a memory each, and one Redis together. */
function sumOf(tiers: readonly TierState[]): TierState {
  const [first] = tiers as readonly [TierState, ...TierState[]];
  const isShared = first.tier === "redis";
  const total = (name: "entries" | "bytes" | "maxBytes"): number | undefined => {
    const numbers = tiers.map((tier) => tier[name]).filter((value) => value !== undefined);
    if (numbers.length === 0) return undefined;
    return isShared ? Math.max(...numbers) : numbers.reduce((a, b) => a + b, 0);
  };
  const reads: Record<string, number> = {};
  for (const tier of tiers) {
    for (const [result, count] of Object.entries(tier.reads)) {
      reads[result] = (reads[result] ?? 0) + count;
    }
  }
  return {
    tier: first.tier,
    available: tiers.every(({ available }) => available),
    entries: total("entries"),
    bytes: total("bytes"),
    maxBytes: total("maxBytes"),
    reads,
  };
}

/** Of one verdict that several workers know, one. */
function distinct(verdicts: CacheLookup["verdicts"]): CacheLookup["verdicts"] {
  const byKey = new Map(
    verdicts.map((one) => [JSON.stringify([one.scanner, one.verdict, one.judgedAt]), one]),
  );
  return [...byKey.values()];
}

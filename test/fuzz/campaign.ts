import { mutate } from "./mutator.ts";
import { randomNumbers } from "./random-numbers.ts";

/** A target throws at what must not be, and returns which way the input took. */
export type Target = (data: Buffer) => string;

export interface CampaignOptions {
  readonly target: Target;
  /** What to begin with; each is tried as it is first. */
  readonly seeds: readonly Buffer[];
  readonly seed: number;
  /** Asked before each input; also told of it. */
  readonly goesOn: (input: Buffer, tried: number) => boolean;
}

export interface CampaignResult {
  readonly tried: number;
  /** Different ways that inputs took. */
  readonly ways: number;
  readonly find: { readonly input: Buffer; readonly error: unknown } | undefined;
}

/** Inputs that took a way of their own are mutated further, up to so many. */
const MAX_POOL = 3000;

/** Tries the seeds and then mutations of whatever took a new way, until the first find. */
export function runCampaign({ target, seeds, seed, goesOn }: CampaignOptions): CampaignResult {
  const next = randomNumbers(seed);
  const ways = new Set<string>();
  const pool = [...seeds];
  const pick = (): Buffer => pool[next(pool.length)] as Buffer;
  for (let tried = 0; ; tried++) {
    const input = seeds[tried] ?? mutate(pick(), pick(), next);
    if (!goesOn(input, tried)) return { tried, ways: ways.size, find: undefined };
    try {
      const way = target(input);
      if (ways.has(way)) continue;
      ways.add(way);
      if (tried >= seeds.length && pool.length < MAX_POOL) pool.push(input);
    } catch (error) {
      return { tried: tried + 1, ways: ways.size, find: { input, error } };
    }
  }
}

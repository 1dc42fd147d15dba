export interface EpochWindowOptions {
  /** How long an epoch counts after it was seen last, while others are seen. */
  readonly windowMs: number;
  readonly now: () => number;
  /** Called with one that was not known, while others are. */
  readonly onChange?: (epoch: string) => void;
}

/** A scanner that gives every answer another epoch must not fill memory. */
const MAX_EPOCHS = 32;

/**
 * The epochs that the replicas of one scanner show. One address may stand for many replicas, which
 * take up new signatures one after the other: each is seen now and then, in no order. So an epoch
 * counts from the moment it is first seen until it was not seen for the whole window, and a rollout
 * is two changes: the new one comes, the old one goes. Time is counted up to the latest sight, so
 * that nothing changes while no replica answers.
 */
export class EpochWindow {
  readonly #options: EpochWindowOptions;
  /** When each was seen last, the latest at the end. */
  readonly #seenAt = new Map<string, number>();
  /** Made when somebody asks: it is asked for with every answer, and changes twice a rollout. */
  #joined: string | undefined;

  constructor(options: EpochWindowOptions) {
    this.#options = options;
  }

  saw(epoch: string): void {
    const now = this.#options.now();
    const isNew = !this.#seenAt.delete(epoch);
    if (isNew) this.#joined = undefined;
    if (isNew && this.#seenAt.size > 0) this.#options.onChange?.(epoch);
    this.#seenAt.set(epoch, now);
    for (const [seen, at] of this.#seenAt) {
      const isOld = now - at > this.#options.windowMs;
      if (!isOld && this.#seenAt.size <= MAX_EPOCHS) break;
      this.#seenAt.delete(seen);
      this.#joined = undefined;
    }
  }

  /** How many epochs there are now: more than one while signatures are rolled out. */
  get size(): number {
    return this.#seenAt.size;
  }

  /** All of them, in an order that does not depend on when they were seen; undefined without any. */
  get current(): string | undefined {
    if (this.#seenAt.size === 0) return undefined;
    this.#joined ??= [...this.#seenAt.keys()].sort().join(",");
    return this.#joined;
  }
}

import type { PollTemplate } from "./template.ts";

/** How a polling stands, as a job tells it. */
export interface Polling {
  /** When it began, in milliseconds of the epoch: pods do not share another clock. */
  readonly since: number;
  readonly polls: number;
  readonly dueAt: number;
}

const MIN_PAUSE_MS = 50;
/** Longest wish of a vendor that is listened to. */
const MAX_WISH_MS = 600_000;

type Schedule = Omit<PollTemplate, "until" | "pause">;

/** When a polling step asks again. */
export class PollPauses {
  readonly #schedule: Schedule;
  readonly #since: number;
  #polls: number;
  #dueAt: number;

  constructor(schedule: Schedule, resumed: Polling | undefined) {
    this.#schedule = schedule;
    this.#since = resumed?.since ?? Date.now();
    this.#polls = resumed?.polls ?? 0;
    this.#dueAt = resumed?.dueAt ?? this.#since;
  }

  /** An answer came that is not the last. */
  next(wishMs: number | undefined): void {
    const { intervalMs, backoffPercent, maxIntervalMs } = this.#schedule;
    const grown = Math.min(intervalMs * (backoffPercent / 100) ** this.#polls, maxIntervalMs);
    const isWish = wishMs !== undefined && Number.isFinite(wishMs);
    const pauseMs = isWish ? Math.min(wishMs, MAX_WISH_MS) : grown;
    this.#polls += 1;
    this.#dueAt = Date.now() + Math.max(pauseMs, MIN_PAUSE_MS);
  }

  /** Until it may ask again; never more than the longest pause, should a clock have been set. */
  get leftMs(): number {
    const longest = Math.max(this.#schedule.maxIntervalMs, MAX_WISH_MS);
    return Math.min(Math.max(this.#dueAt - Date.now(), 0), longest);
  }

  /** The step has polled for as long as it may. */
  get isOver(): boolean {
    return this.#dueAt - this.#since > this.#schedule.timeoutMs;
  }

  get polling(): Polling {
    return { since: this.#since, polls: this.#polls, dueAt: this.#dueAt };
  }
}

import { isOutOfTime, NOT_NEEDED } from "../../scanning/index.ts";
import { LONGEST_WAIT_MS } from "../patience.ts";
import type { Claim, RememberedVerdict } from "../verdict-cache.ts";
import type { FlightScan } from "./flight-scan.ts";

type Remember = Extract<Claim, { kind: "turn" }>["end"];

/** How a flight ended, for those who waited. */
export interface FlightEnd {
  readonly found: RememberedVerdict | undefined;
  /**
   * Where nothing was found: that is for reasons of the one who scanned, who left or had too little time.
   * The next one may come to a verdict.
   */
  readonly isOpen: boolean;
}

/** One who waits. */
export interface Waiting {
  /** Called once, unless it left before. */
  landed(end: FlightEnd): void;
}

export interface FlightOptions {
  /** Of the one who began it, on the clock of `performance.now()`. */
  readonly deadlineAt: number | undefined;
  /** What becomes of a verdict as long as nothing is claimed. */
  readonly remember: Remember;
  /** Nobody may join any more. */
  readonly onClosed: (flight: Flight) => void;
}

/**
 * What is being found out at this moment under one key: those who wait, and the scans that are under way
 * for them. It belongs to none of them: it is given up when nobody waits any more.
 */
export class Flight {
  readonly #waiting = new Set<Waiting>();
  readonly #scans = new Set<FlightScan>();
  readonly #onClosed: FlightOptions["onClosed"];
  readonly #boardsUntil: number;
  #remember: Remember;
  #scansAlong = 0;
  #scanBegunAt = Number.NEGATIVE_INFINITY;
  #isOver = false;
  /** A scan ended, or will, for reasons of the one who began it. */
  #isOpen = false;
  /** Why somebody left whose time was up. */
  #outOfTime: unknown;

  constructor({ deadlineAt = Number.POSITIVE_INFINITY, remember, onClosed }: FlightOptions) {
    this.#remember = remember;
    this.#onClosed = onClosed;
    this.#boardsUntil = Math.min(deadlineAt, performance.now() + LONGEST_WAIT_MS);
  }

  /** Others may join. What hangs would otherwise never end, for there is always one who has just come. */
  get isBoarding(): boolean {
    return performance.now() < this.#boardsUntil;
  }

  /** How many of those who waited have begun to scan. */
  get scansAlong(): number {
    return this.#scansAlong;
  }

  /** When the last scan began, on the clock of `performance.now()`; long ago where none has. */
  get scanBegunAt(): number {
    return this.#scanBegunAt;
  }

  join(one: Waiting): void {
    this.#waiting.add(one);
  }

  /** One does not wait any more, having what it waited for. */
  drop(one: Waiting): void {
    this.#waiting.delete(one);
  }

  /** One goes away. Whether others wait on; when there is nobody, all scans are stopped. */
  leave(one: Waiting, reason: unknown): boolean {
    if (!this.#waiting.delete(one)) return false;
    if (isOutOfTime(reason)) this.#outOfTime ??= reason;
    if (this.#waiting.size > 0) return true;
    // A scanner that was silent for all of somebody's time is told so, whoever leaves last.
    this.#giveUp(this.#outOfTime ?? reason);
    return false;
  }

  /** One will scan, or has somebody else do it. */
  add(scan: FlightScan): void {
    this.#scans.add(scan);
  }

  scanBegins(): void {
    this.#scanBegunAt = performance.now();
  }

  scansAlongWith(): void {
    this.#scansAlong += 1;
  }

  /** Whatever is found out is remembered by this from now on. */
  claimed(remember: Remember): void {
    if (this.#isOver) remember(undefined);
    else this.#remember = remember;
  }

  /** With a verdict it is over; without one, when no other scan is under way. */
  ended(scan: FlightScan, { found, isOpen }: FlightEnd): void {
    this.#scans.delete(scan);
    this.#isOpen ||= isOpen;
    if (found !== undefined || this.#scans.size === 0) this.land(found);
    else if (this.#waiting.size === 0) this.#giveUp(NOT_NEEDED);
  }

  /** It is over. A second time is harmless. */
  land(found: RememberedVerdict | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    // Remembered first: whoever comes after the flight finds it.
    this.#remember(found);
    this.#onClosed(this);
    for (const scan of this.#scans) {
      if (scan.isLeft) scan.dismiss();
    }
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const one of waiting) one.landed({ found, isOpen: this.#isOpen });
  }

  #giveUp(reason: unknown): void {
    this.#onClosed(this);
    for (const scan of this.#scans) scan.stop(reason);
  }
}

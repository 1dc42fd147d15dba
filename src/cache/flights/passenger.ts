import { NOT_NEEDED, type Verdict, VerdictKind, VerdictReason } from "../../scanning/index.ts";
import { SharingResult } from "../../telemetry/index.ts";
import { patientUntil } from "../patience.ts";
import type { Flight, FlightEnd, Waiting } from "./flight.ts";
import { FlightScan } from "./flight-scan.ts";
import type { Question, Scanned, SharedScanner } from "./question.ts";

/**
 * One question in a flight, from when it joins to its answer. It is bound by its own signal alone, and
 * leaves without taking the flight down.
 */
export class Passenger implements Waiting {
  readonly #question: Question;
  readonly #flight: Flight;
  readonly #scanner: SharedScanner;
  readonly #answer = Promise.withResolvers<Verdict | undefined>();
  /** Neither left nor landed. */
  #isAboard = true;
  #isAnswered = false;
  /** Waits for others, and does not scan. */
  #isIdle = false;
  #patience: NodeJS.Timeout | undefined;
  #scan: FlightScan | undefined;
  /** What its own scan said, while others may still come to a verdict. */
  #failure: Verdict | undefined;

  constructor(question: Question, flight: Flight, scanner: SharedScanner) {
    this.#question = question;
    this.#flight = flight;
    this.#scanner = scanner;
    flight.join(this);
    question.context.signal.addEventListener("abort", this.#leave, { once: true });
  }

  /** Asks the store, or scans, for all who come meanwhile. Undefined: as `follow`. */
  lead(): Promise<Verdict | undefined> {
    this.#fly((scan) => this.#claim(scan));
    return this.#answer.promise;
  }

  /**
   * Waits for what others find out. When half of its time is over it scans along, unless one of those
   * who wait has begun to since it came. Undefined: it is to ask anew.
   */
  follow(): Promise<Verdict | undefined> {
    this.#isIdle = true;
    const { scansAlong } = this.#flight;
    const waitMs = patientUntil(this.#question.context.deadlineAt) - performance.now();
    this.#patience = setTimeout(() => this.#runOutOfPatience(scansAlong, waitMs / 2), waitMs);
    return this.#answer.promise;
  }

  landed({ found, isOpen }: FlightEnd): void {
    this.#isAboard = false;
    if (found !== undefined && this.#scanner.accepts(found, this.#question)) {
      this.#scan?.dismiss();
      if (this.#isIdle) this.#scanner.awaited(SharingResult.Shared);
      this.#settle(this.#scanner.answer(found));
    } else if (this.#failure !== undefined) {
      this.#settle(this.#failure);
    } else if (this.#scan === undefined) {
      if (isOpen) this.#settle(undefined);
      else this.#scanAlone();
    }
  }

  readonly #leave = (): void => {
    const { reason } = this.#question.context.signal;
    const isWaitedFor = this.#flight.leave(this, reason);
    this.#isAboard = false;
    if (this.#scan === undefined || (isWaitedFor && this.#scan.outlive(reason))) {
      this.#settle(this.#scanner.gone());
      return;
    }
    // The entity may be valid only as long as this one waits: so it does, until the scan has ended.
    this.#scan.stop(reason);
  };

  #fly(work: (scan: FlightScan) => Promise<Scanned>): void {
    const scan = new FlightScan(this.#question.context);
    this.#scan = scan;
    this.#flight.add(scan);
    work(scan).then(
      (scanned) => this.#scanned(scan, scanned),
      (error: unknown) => this.#rejected(scan, error),
    );
  }

  /** Takes the turn of this process, and scans unless somebody knows the verdict. */
  async #claim(scan: FlightScan): Promise<Scanned> {
    const { key, cache, context } = this.#question;
    const claim = await cache.claim(key, {
      accepts: (found) => this.#scanner.accepts(found, this.#question),
      signal: scan.signal,
      deadlineAt: context.deadlineAt,
    });
    if (claim.kind === "known") {
      this.#flight.claimed(() => {});
      const { remembered } = claim;
      return { verdict: this.#scanner.answer(remembered), remembered };
    }
    this.#flight.claimed(claim.end);
    if (claim.elsewhere === undefined) return this.#scanFor(scan);
    void claim.elsewhere(scan.signal).then((found) => {
      if (found !== undefined) this.#flight.land(found);
    });
    return this.#scanFor(scan).finally(() => scan.stop(NOT_NEEDED));
  }

  async #scanFor(scan: FlightScan): Promise<Scanned> {
    const { signal } = scan;
    if (signal.aborted) return { verdict: this.#scanner.gone(), remembered: undefined };
    const { context } = this.#question;
    this.#flight.scanBegins();
    return this.#scanner.scan({ ...this.#question, context: { ...context, signal } });
  }

  /** A scan that has only just begun, after a wait for another process, is given time. */
  #runOutOfPatience(scansAlong: number, graceMs: number): void {
    if (this.#flight.scansAlong > scansAlong) return;
    const ageMs = performance.now() - this.#flight.scanBegunAt;
    if (ageMs >= graceMs) this.#scanAlong();
    else
      this.#patience = setTimeout(
        () => this.#runOutOfPatience(scansAlong, graceMs),
        graceMs - ageMs,
      );
  }

  #scanAlong(): void {
    this.#scanner.awaited(SharingResult.Alone);
    this.#flight.scansAlongWith();
    this.#isIdle = false;
    this.#fly((scan) => this.#scanFor(scan));
  }

  #scanAlone(): void {
    this.#scanner.awaited(SharingResult.Alone);
    this.#stopWaiting();
    this.#answer.resolve(this.#scanner.scan(this.#question).then(({ verdict }) => verdict));
  }

  #scanned(scan: FlightScan, { verdict, remembered }: Scanned): void {
    this.#scan = undefined;
    if (this.#isAnswered) verdict.replacement?.dispose();
    else if (this.#isAboard && isFailure(verdict)) this.#failure = verdict;
    else this.#settle(verdict);
    this.#end(scan, { found: remembered, isOpen: lackedTime(verdict) });
  }

  /** The scanner broke its word. */
  #rejected(scan: FlightScan, error: unknown): void {
    this.#scan = undefined;
    this.#stopWaiting();
    this.#answer.reject(error);
    this.#end(scan, { found: undefined, isOpen: false });
  }

  #end(scan: FlightScan, { found, isOpen }: FlightEnd): void {
    scan.ended();
    this.#flight.ended(scan, { found, isOpen: isOpen || !this.#isAboard });
  }

  #settle(verdict: Verdict | undefined): void {
    this.#stopWaiting();
    this.#answer.resolve(verdict);
  }

  #stopWaiting(): void {
    this.#isAnswered = true;
    clearTimeout(this.#patience);
    this.#question.context.signal.removeEventListener("abort", this.#leave);
    this.#flight.drop(this);
  }
}

/** Another scan of the same may still come to a verdict. */
function isFailure({ kind }: Verdict): boolean {
  return kind === VerdictKind.Error || kind === VerdictKind.Pending;
}

/** Another one has more time. */
function lackedTime({ kind, reason }: Verdict): boolean {
  return kind === VerdictKind.Pending || reason === VerdictReason.Timeout;
}

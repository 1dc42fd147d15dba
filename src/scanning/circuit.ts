import type { EjectionReason, EndpointMetrics, Logger } from "../telemetry/index.ts";
import { CircuitBreaker } from "./circuit-breaker.ts";
import { isSilence, SILENT_AFTER_MS } from "./silence.ts";

// Scan threads load this file too: not the whole of telemetry with it.
const KEEPS_FAILING = "failures" satisfies EjectionReason;

export interface CircuitSettings {
  /** Failures in a row after which the endpoint is left alone. */
  readonly failures: number;
  /** How long; then one scan tries it. */
  readonly openForMs: number;
  /** Least time without an answer, until a scan's time was up, that is a failure. Left out: 1 s. */
  readonly silentAfterMs?: number;
  /** A clock that only goes forward, in milliseconds. Left out: `performance.now`. */
  readonly now?: () => number;
}

export interface CircuitOptions extends CircuitSettings {
  readonly scanner: string;
  /** What keeps failing, as the log begins its sentence. */
  readonly subject: "scanner" | "ICAP server";
  /** Where it is, for the log. */
  readonly names: () => { readonly url: string; readonly address?: string };
  readonly metrics: EndpointMetrics;
  readonly logger: Logger;
}

/** How a scan ended that was let through. */
export interface ScanEnd {
  /** No answer, or none that can be used. */
  readonly failed: boolean;
  /** The scan's own. */
  readonly signal: AbortSignal;
  /** Since when an answer was due, on the circuit's clock. */
  readonly dueSince: number;
  /** What the failure was, for the log. */
  readonly why: string | undefined;
}

/** Leaves an endpoint alone that keeps failing, by a breaker, and tells log and metrics of it. */
export class Circuit {
  readonly #options: CircuitOptions;
  readonly #breaker: CircuitBreaker;
  readonly now: () => number;

  constructor(options: CircuitOptions) {
    const { failures, openForMs, now = () => performance.now() } = options;
    this.#options = options;
    this.now = now;
    this.#breaker = new CircuitBreaker({ failures, openForMs, now });
  }

  /** Whether one more scan may be let through now. */
  get admits(): boolean {
    return this.#breaker.admits;
  }

  /** One is let through: every call is followed by one of `ended` and `abandoned`. */
  admit(): void {
    this.#breaker.admit();
  }

  /** It ended for reasons of ours. */
  abandoned(): void {
    this.#breaker.abandoned();
  }

  ended(end: ScanEnd): void {
    const wasOpen = this.#breaker.isOpen;
    const why = this.#count(end);
    if (this.#breaker.isOpen !== wasOpen) this.#tell(why);
  }

  /** What it was in the end, for the log. */
  #count({ failed, signal, dueSince, why }: ScanEnd): string | undefined {
    if (!failed && !signal.aborted) {
      this.#breaker.succeeded();
    } else if (!signal.aborted) {
      this.#breaker.failed();
    } else if (failed && this.#isSilence(signal, dueSince)) {
      this.#breaker.failed();
      return "no answer in time";
    } else {
      this.#breaker.abandoned();
    }
    return why;
  }

  #isSilence(signal: AbortSignal, dueSince: number): boolean {
    const { silentAfterMs = SILENT_AFTER_MS } = this.#options;
    return isSilence(signal, { waitedMs: this.now() - dueSince, silentAfterMs });
  }

  #tell(why: string | undefined): void {
    const { scanner, subject, names, metrics, logger } = this.#options;
    if (!this.#breaker.isOpen) {
      logger.info(`${subject} works again`, { scanner, ...names() });
      return;
    }
    metrics.endpointEjected(scanner, KEEPS_FAILING);
    logger.warn(`${subject} keeps failing, left alone`, { scanner, ...names(), why });
  }
}

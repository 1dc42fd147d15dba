import { noMetrics, type RefusalReason, type ServerMetrics } from "../../src/telemetry/index.ts";

/** Counts what the server counts, as plain numbers. */
export class CountedMetrics implements ServerMetrics {
  opened = 0;
  closed = 0;
  received = 0;
  sent = 0;
  started = 0;
  ended = 0;
  readonly refused: RefusalReason[] = [];
  readonly parserErrors: string[] = [];
  readonly watchSpool = noMetrics.watchSpool;
  readonly scanEnded = noMetrics.scanEnded;
  readonly workerRestarted = noMetrics.workerRestarted;
  readonly configApplied = noMetrics.configApplied;
  readonly configUnchanged = noMetrics.configUnchanged;
  readonly configRefused = noMetrics.configRefused;
  readonly #onChange: () => void;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  connectionOpened(): void {
    this.opened++;
    this.#onChange();
  }

  connectionClosed(): void {
    this.closed++;
    this.#onChange();
  }

  connectionRefused(reason: RefusalReason): void {
    this.refused.push(reason);
    this.#onChange();
  }

  bytesReceived(count: number): void {
    this.received += count;
    this.#onChange();
  }

  bytesSent(count: number): void {
    this.sent += count;
    this.#onChange();
  }

  transactionStarted(): void {
    this.started++;
    this.#onChange();
  }

  transactionEnded(): void {
    this.ended++;
    this.#onChange();
  }

  parserError(code: string): void {
    this.parserErrors.push(code);
    this.#onChange();
  }
}

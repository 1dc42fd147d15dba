import type { VerdictKind } from "../../scanning/index.ts";
import type { MetricsRegistry } from "../../telemetry/index.ts";

/** Counts what a scan/v1 server does; plain numbers until somebody asks. */
export class ScanTally {
  inFlight = 0;
  bytes = 0;
  seconds = 0;
  readonly #verdicts = new Map<VerdictKind, number>();
  readonly #refusals = new Map<number, number>();

  judged(kind: VerdictKind): void {
    this.#verdicts.set(kind, (this.#verdicts.get(kind) ?? 0) + 1);
  }

  refused(status: number): void {
    this.#refusals.set(status, (this.#refusals.get(status) ?? 0) + 1);
  }

  /** Whether the engine can judge is read at each scrape. */
  expose(registry: MetricsRegistry, isReady: () => boolean): void {
    const add = (name: string, type: "counter" | "gauge", help: string, read: () => number) =>
      registry.expose({ name, type, help, labels: [] }, () => [{ labels: {}, value: read() }]);
    add("sluice_scan_in_flight", "gauge", "Scans under way.", () => this.inFlight);
    add("sluice_scan_bytes_total", "counter", "Bytes given to the engine.", () => this.bytes);
    add(
      "sluice_scan_seconds_total",
      "counter",
      "Time from the head of a scan request to its answer.",
      () => this.seconds,
    );
    add("sluice_scan_ready", "gauge", "1 when the engine can judge.", () => Number(isReady()));
    registry.expose(
      {
        name: "sluice_scan_verdicts_total",
        type: "counter",
        help: "Verdicts given.",
        labels: ["verdict"],
      },
      () => [...this.#verdicts].map(([verdict, value]) => ({ labels: { verdict }, value })),
    );
    registry.expose(
      {
        name: "sluice_scan_refusals_total",
        type: "counter",
        help: "Requests refused or given up, by HTTP status; 499 when the client was gone.",
        labels: ["status"],
      },
      () => [...this.#refusals].map(([status, value]) => ({ labels: { status }, value })),
    );
  }
}

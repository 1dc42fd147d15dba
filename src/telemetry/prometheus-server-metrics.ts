import { Histogram } from "./histogram.ts";
import { metricDefinitions } from "./metric-definitions.ts";
import { histogramSamples, type MetricsRegistry, type Sample, single } from "./metrics-registry.ts";
import type { RefusalReason, ServerMetrics, SpoolUsage, WorkerKind } from "./server-metrics.ts";
import { Tally } from "./tally.ts";

const scanBounds = [0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export interface ServerMetricsOptions {
  /** Version of Sluice. */
  readonly version: string;
  /** Milliseconds since 1970, as `Date.now`. */
  readonly now: () => number;
  /** Lines that the log has lost so far. */
  readonly droppedLogLines: () => number;
}

/** `ServerMetrics` as plain numbers, read at each scrape. */
export class PrometheusServerMetrics implements ServerMetrics {
  readonly #now: () => number;
  readonly #refused = new Tally(metricDefinitions.connectionsRefused);
  readonly #protocolErrors = new Tally(metricDefinitions.protocolErrors);
  readonly #workerRestarts = new Tally(metricDefinitions.workerRestarts);
  readonly #configLoads = new Tally(metricDefinitions.configLoads);
  readonly #verdicts = new Tally(metricDefinitions.scannerVerdicts);
  /** By scanner. */
  readonly #scanSeconds = new Map<string, Histogram>();
  #open = 0;
  #accepted = 0;
  #received = 0;
  #sent = 0;
  #inFlight = 0;
  #configRevision: string | undefined;
  #configAppliedAt = 0;
  #isConfigCurrent = true;
  #readSpool: () => SpoolUsage = () => ({ memoryBytes: 0, diskBytes: 0 });

  constructor(registry: MetricsRegistry, options: ServerMetricsOptions) {
    this.#now = options.now;
    const metrics = metricDefinitions;
    const build = { version: options.version, node: process.versions.node };
    registry.expose(metrics.buildInfo, () => [{ labels: build, value: 1 }]);
    registry.expose(metrics.connectionsOpen, () => single(this.#open));
    registry.expose(metrics.connections, () => single(this.#accepted));
    registry.expose(metrics.receivedBytes, () => single(this.#received));
    registry.expose(metrics.sentBytes, () => single(this.#sent));
    registry.expose(metrics.transactionsInFlight, () => single(this.#inFlight));
    registry.expose(metrics.logLinesDropped, () => single(options.droppedLogLines()));
    registry.expose(metrics.spoolMemoryBytes, () => single(this.#readSpool().memoryBytes));
    registry.expose(metrics.spoolDiskBytes, () => single(this.#readSpool().diskBytes));
    this.#refused.expose(registry);
    this.#protocolErrors.expose(registry);
    this.#workerRestarts.expose(registry);
    this.#configLoads.expose(registry);
    registry.expose(metrics.configInfo, () => this.#configInfo());
    registry.expose(metrics.configApplied, () =>
      this.#configRevision === undefined ? [] : single(this.#configAppliedAt),
    );
    registry.expose(metrics.configCurrent, () =>
      this.#configRevision === undefined ? [] : single(Number(this.#isConfigCurrent)),
    );
    this.#verdicts.expose(registry);
    registry.expose(metrics.scannerSeconds, () =>
      [...this.#scanSeconds].flatMap(([scanner, seconds]) =>
        histogramSamples(metrics.scannerSeconds.name, { scanner }, seconds),
      ),
    );
  }

  connectionOpened(): void {
    this.#open += 1;
    this.#accepted += 1;
  }

  connectionClosed(): void {
    this.#open -= 1;
  }

  connectionRefused(reason: RefusalReason): void {
    this.#refused.add({ reason });
  }

  bytesReceived(count: number): void {
    this.#received += count;
  }

  bytesSent(count: number): void {
    this.#sent += count;
  }

  transactionStarted(): void {
    this.#inFlight += 1;
  }

  transactionEnded(): void {
    this.#inFlight -= 1;
  }

  parserError(code: string): void {
    this.#protocolErrors.add({ code });
  }

  watchSpool(read: () => SpoolUsage): void {
    this.#readSpool = read;
  }

  scanEnded(scanner: string, verdict: string, durationMs: number): void {
    this.#verdicts.add({ scanner, verdict });
    let seconds = this.#scanSeconds.get(scanner);
    if (seconds === undefined) {
      seconds = new Histogram(scanBounds);
      this.#scanSeconds.set(scanner, seconds);
    }
    seconds.observe(durationMs / 1000);
  }

  workerRestarted(kind: WorkerKind): void {
    this.#workerRestarts.add({ kind });
  }

  configApplied(revision: string): void {
    this.#configLoads.add({ result: "applied" });
    this.#configRevision = revision;
    this.#configAppliedAt = this.#now() / 1000;
    this.#isConfigCurrent = true;
  }

  configUnchanged(): void {
    this.#isConfigCurrent = true;
  }

  configRefused(): void {
    this.#configLoads.add({ result: "refused" });
    this.#isConfigCurrent = false;
  }

  #configInfo(): readonly Sample[] {
    const revision = this.#configRevision;
    return revision === undefined ? [] : [{ labels: { revision }, value: 1 }];
  }
}

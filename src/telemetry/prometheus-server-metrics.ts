import { Histogram } from "./histogram.ts";
import { type MetricDefinition, metricDefinitions } from "./metric-definitions.ts";
import { histogramSamples, type MetricsRegistry, type Sample, single } from "./metrics-registry.ts";
import type { RefusalReason, ServerMetrics, SpoolUsage, WorkerKind } from "./server-metrics.ts";

const scanBounds = [0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** What one scanner has judged. */
interface ScannerTally {
  readonly verdicts: Map<string, number>;
  readonly seconds: Histogram;
}

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
  readonly #refused = new Map<string, number>();
  readonly #protocolErrors = new Map<string, number>();
  readonly #workerRestarts = new Map<string, number>();
  readonly #configLoads = new Map<string, number>();
  readonly #scanners = new Map<string, ScannerTally>();
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
    exposeByLabel(registry, metrics.connectionsRefused, this.#refused);
    exposeByLabel(registry, metrics.protocolErrors, this.#protocolErrors);
    exposeByLabel(registry, metrics.workerRestarts, this.#workerRestarts);
    exposeByLabel(registry, metrics.configLoads, this.#configLoads);
    registry.expose(metrics.configInfo, () => this.#configInfo());
    registry.expose(metrics.configApplied, () =>
      this.#configRevision === undefined ? [] : single(this.#configAppliedAt),
    );
    registry.expose(metrics.configCurrent, () =>
      this.#configRevision === undefined ? [] : single(Number(this.#isConfigCurrent)),
    );
    exposeScanners(registry, this.#scanners);
  }

  connectionOpened(): void {
    this.#open += 1;
    this.#accepted += 1;
  }

  connectionClosed(): void {
    this.#open -= 1;
  }

  connectionRefused(reason: RefusalReason): void {
    increment(this.#refused, reason);
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
    increment(this.#protocolErrors, code);
  }

  watchSpool(read: () => SpoolUsage): void {
    this.#readSpool = read;
  }

  scanEnded(scanner: string, verdict: string, durationMs: number): void {
    let tally = this.#scanners.get(scanner);
    if (tally === undefined) {
      tally = { verdicts: new Map(), seconds: new Histogram(scanBounds) };
      this.#scanners.set(scanner, tally);
    }
    increment(tally.verdicts, verdict);
    tally.seconds.observe(durationMs / 1000);
  }

  workerRestarted(kind: WorkerKind): void {
    increment(this.#workerRestarts, kind);
  }

  configApplied(revision: string): void {
    increment(this.#configLoads, "applied");
    this.#configRevision = revision;
    this.#configAppliedAt = this.#now() / 1000;
    this.#isConfigCurrent = true;
  }

  configUnchanged(): void {
    this.#isConfigCurrent = true;
  }

  configRefused(): void {
    increment(this.#configLoads, "refused");
    this.#isConfigCurrent = false;
  }

  #configInfo(): readonly Sample[] {
    const revision = this.#configRevision;
    return revision === undefined ? [] : [{ labels: { revision }, value: 1 }];
  }
}

function increment(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** A metric with one label, whose values are the keys of the map. */
function exposeByLabel(
  registry: MetricsRegistry,
  definition: MetricDefinition,
  counts: ReadonlyMap<string, number>,
): void {
  const [label = ""] = definition.labels;
  registry.expose(definition, () =>
    [...counts].map(([key, value]) => ({ labels: { [label]: key }, value })),
  );
}

function exposeScanners(
  registry: MetricsRegistry,
  scanners: ReadonlyMap<string, ScannerTally>,
): void {
  const { scannerVerdicts, scannerSeconds } = metricDefinitions;
  registry.expose(scannerVerdicts, () =>
    [...scanners].flatMap(([scanner, { verdicts }]) =>
      [...verdicts].map(([verdict, value]) => ({ labels: { scanner, verdict }, value })),
    ),
  );
  registry.expose(scannerSeconds, () =>
    [...scanners].flatMap(([scanner, { seconds }]) =>
      histogramSamples(scannerSeconds.name, { scanner }, seconds),
    ),
  );
}

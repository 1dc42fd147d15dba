import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  createTransactionMetrics,
  MetricsRegistry,
  metricsContentType,
  metricsText,
  PrometheusBackgroundMetrics,
  PrometheusCacheMetrics,
  PrometheusCombiningMetrics,
  PrometheusEndpointMetrics,
  PrometheusOperationMetrics,
  PrometheusOverrideMetrics,
  PrometheusServerMetrics,
  RefusalReason,
  retained,
  WorkerKind,
} from "../../../src/telemetry/index.ts";
import { metricDefinitions } from "../../../src/telemetry/metric-definitions.ts";
import { fullRecord } from "./transaction-record.ts";

function build({ processMetrics = false } = {}) {
  const registry = new MetricsRegistry({ processMetrics });
  const metrics = new PrometheusServerMetrics(registry, {
    version: "1.2.3",
    now: () => 1_000_000,
    droppedLogLines: () => 7,
  });
  return { registry, metrics, count: createTransactionMetrics(registry) };
}

/** The lines of values whose name begins so. */
async function values(registry: MetricsRegistry, name: string): Promise<string[]> {
  const lines = (await registry.text()).split("\n");
  return lines.filter((line) => line.startsWith(name));
}

/** Every metric with at least one value. */
async function exerciseEverything(registry: MetricsRegistry, metrics: PrometheusServerMetrics) {
  createTransactionMetrics(registry)(fullRecord);
  metrics.connectionRefused(RefusalReason.Draining);
  metrics.parserError("X");
  metrics.scanEnded("yara", "clean", 1);
  metrics.workerRestarted(WorkerKind.Process);
  metrics.configApplied("r1");
  exerciseEndpoints(new PrometheusEndpointMetrics(registry));
  const combining = new PrometheusCombiningMetrics(registry);
  combining.shadowScanEnded("scan", "trial", "clean", "clean");
  combining.optionalScanFailed("scan", "hashes", "error");
  exerciseCache(new PrometheusCacheMetrics(registry), registry);
  const overrides = new PrometheusOverrideMetrics(registry);
  overrides.overrideRefused("unverified");
  overrides.watch(registry, () => ({ allow: 1, block: 2 }));
  new PrometheusOperationMetrics(registry).operationEnded("purge", "done");
  exerciseBackground(new PrometheusBackgroundMetrics(registry), registry);
}

function exerciseBackground(metrics: PrometheusBackgroundMetrics, registry: MetricsRegistry) {
  metrics.backgroundScanAsked("scan", "sandbox", "started");
  metrics.backgroundScanMoved("taken");
  metrics.backgroundScanEnded("scan", "sandbox", "blocked", true);
  metrics.eventEnded("sent");
  metrics.eventRetried();
  metrics.watch(
    registry,
    () => ({ scans: 1, bytes: 500 }),
    () => 2,
  );
}

function exerciseCache(metrics: PrometheusCacheMetrics, registry: MetricsRegistry) {
  metrics.cacheRead("memory", "hit");
  metrics.cacheWritten("redis", "stored");
  metrics.scanAwaited("fleet", "shared");
  metrics.scannerAnswered("clamav", true);
  metrics.watch(registry, () => ({ entries: 1, bytes: 500, redisAvailable: true }));
}

function exerciseEndpoints(metrics: PrometheusEndpointMetrics) {
  metrics.probeEnded("clamav", true);
  metrics.retryWanted("clamav", "made");
  metrics.endpointEjected("clamav", "busy");
  metrics.epochChanged("clamav");
  metrics.watchEndpoints("clamav", () => [
    { url: "http://a", address: "", isUp: true, isEjected: false, requests: 0 },
  ]);
}

describe("metrics of transactions", () => {
  it("count by service, method, outcome, cause and status", async () => {
    const { registry, count } = build();
    for (const icapStatus of [200, 204, 200]) count({ ...fullRecord, icapStatus });
    const labels = 'service="scan",method="RESPMOD",outcome="blocked",cause="verdict"';
    expect(await values(registry, "sluice_transactions_total")).toEqual([
      `sluice_transactions_total{${labels},status="200"} 2`,
      `sluice_transactions_total{${labels},status="204"} 1`,
    ]);
  });

  it("have an empty service where none was reached", async () => {
    const { registry, count } = build();
    count({ ...fullRecord, service: undefined });
    expect(await values(registry, 'sluice_transactions_total{service=""')).toHaveLength(1);
  });

  it("tell durations in seconds", async () => {
    const { registry, count } = build();
    count({ ...fullRecord, durationMs: 1500 });
    expect(await values(registry, "sluice_transaction_duration_seconds_sum")).toEqual([
      'sluice_transaction_duration_seconds_sum{service="scan",method="RESPMOD"} 1.5',
    ]);
  });

  it("leave out the wait for scanners where there was none", async () => {
    const { registry, count } = build();
    count({ ...fullRecord, scanMs: undefined });
    expect(await values(registry, "sluice_scan_wait_seconds_count")).toEqual([
      'sluice_scan_wait_seconds_count{service="scan"} 0',
    ]);
  });

  it("put a size into every bucket that it does not exceed", async () => {
    const { registry, count } = build();
    count({ ...fullRecord, entitySize: 4096 });
    const buckets = await values(registry, "sluice_entity_bytes_bucket");
    expect(buckets.slice(0, 3)).toEqual([
      'sluice_entity_bytes_bucket{service="scan",le="1024"} 0',
      'sluice_entity_bytes_bucket{service="scan",le="4096"} 1',
      'sluice_entity_bytes_bucket{service="scan",le="16384"} 1',
    ]);
  });

  it("put a value above all bounds into +Inf only", async () => {
    const { registry, count } = build();
    count({ ...fullRecord, entitySize: 1e15 });
    const buckets = await values(registry, "sluice_entity_bytes_bucket");
    expect(buckets.slice(-2).map((line) => line.replace(/.*le=/, ""))).toEqual([
      '"1073741824"} 0',
      '"+Inf"} 1',
    ]);
  });

  it("leave out the size where there was no body", async () => {
    const { registry, count } = build();
    count({ ...fullRecord, entitySize: undefined });
    expect(await values(registry, "sluice_entity_bytes_count")).toEqual([
      'sluice_entity_bytes_count{service="scan"} 0',
    ]);
  });
});

describe("metrics of the server", () => {
  it("tell the connections that are open", async () => {
    const { registry, metrics } = build();
    metrics.connectionOpened();
    metrics.connectionOpened();
    metrics.connectionClosed();
    expect(await values(registry, "sluice_connections_")).toEqual([
      "sluice_connections_open 1",
      "sluice_connections_total 2",
    ]);
  });

  it("count refusals by their reason", async () => {
    const { registry, metrics } = build();
    metrics.connectionRefused(RefusalReason.MaxConnections);
    metrics.connectionRefused(RefusalReason.MaxConnections);
    expect(await values(registry, "sluice_connections_refused_total")).toEqual([
      'sluice_connections_refused_total{reason="max-connections"} 2',
    ]);
  });

  it("sum bytes in both directions", async () => {
    const { registry, metrics } = build();
    metrics.bytesReceived(3);
    metrics.bytesReceived(4);
    metrics.bytesSent(5);
    const both = [
      await values(registry, "sluice_received_bytes"),
      await values(registry, "sluice_sent_bytes"),
    ];
    expect(both).toEqual([["sluice_received_bytes_total 7"], ["sluice_sent_bytes_total 5"]]);
  });

  it("tell the transactions in flight", async () => {
    const { registry, metrics } = build();
    metrics.transactionStarted();
    metrics.transactionStarted();
    metrics.transactionEnded();
    expect(await values(registry, "sluice_transactions_in_flight")).toEqual([
      "sluice_transactions_in_flight 1",
    ]);
  });

  it("count protocol errors by code", async () => {
    const { registry, metrics } = build();
    metrics.parserError("ICAP_ERR_X");
    expect(await values(registry, "sluice_protocol_errors_total")).toEqual([
      'sluice_protocol_errors_total{code="ICAP_ERR_X"} 1',
    ]);
  });

  it("ask the spool at each scrape", async () => {
    const { registry, metrics } = build();
    let memoryBytes = 1;
    metrics.watchSpool(() => ({ memoryBytes, diskBytes: 9 }));
    memoryBytes = 2;
    expect(await values(registry, "sluice_spool_")).toEqual([
      "sluice_spool_memory_bytes 2",
      "sluice_spool_disk_bytes 9",
    ]);
  });

  it("tell an empty spool before one is watched", async () => {
    const { registry } = build();
    expect(await values(registry, "sluice_spool_memory")).toEqual(["sluice_spool_memory_bytes 0"]);
  });

  it("count the judgements of each scanner", async () => {
    const { registry, metrics } = build();
    metrics.scanEnded("yara", "clean", 250);
    metrics.scanEnded("yara", "clean", 250);
    const lines = [
      ...(await values(registry, "sluice_scanner_verdicts_total")),
      ...(await values(registry, "sluice_scanner_duration_seconds_sum")),
    ];
    expect(lines).toEqual([
      'sluice_scanner_verdicts_total{scanner="yara",verdict="clean"} 2',
      'sluice_scanner_duration_seconds_sum{scanner="yara"} 0.5',
    ]);
  });

  it("count restarts of workers", async () => {
    const { registry, metrics } = build();
    metrics.workerRestarted(WorkerKind.ScanThread);
    expect(await values(registry, "sluice_worker_restarts_total")).toEqual([
      'sluice_worker_restarts_total{kind="scan-thread"} 1',
    ]);
  });

  it("count lost log lines", async () => {
    const { registry } = build();
    expect(await values(registry, "sluice_log_lines_dropped_total")).toEqual([
      "sluice_log_lines_dropped_total 7",
    ]);
  });

  it("know no configuration before one is applied", async () => {
    const { registry } = build();
    expect(await values(registry, "sluice_config_")).toEqual([]);
  });

  it("tell the last configuration that was applied, and when", async () => {
    const { registry, metrics } = build();
    metrics.configApplied("r1");
    metrics.configApplied("r2");
    metrics.configRefused();
    expect(await values(registry, "sluice_config_")).toEqual([
      'sluice_config_loads_total{result="applied"} 2',
      'sluice_config_loads_total{result="refused"} 1',
      'sluice_config_info{revision="r2"} 1',
      "sluice_config_applied_timestamp_seconds 1000",
      "sluice_config_current 0",
    ]);
  });

  it("tell that a refused configuration was taken back, or replaced by a good one", async () => {
    const { registry, metrics } = build();
    metrics.configApplied("r1");
    metrics.configRefused();
    metrics.configUnchanged();
    expect(await values(registry, "sluice_config_current")).toEqual(["sluice_config_current 1"]);
    metrics.configRefused();
    metrics.configApplied("r2");
    expect(await values(registry, "sluice_config_current")).toEqual(["sluice_config_current 1"]);
  });

  it("tell the version that runs", async () => {
    const { registry } = build();
    expect(await values(registry, "sluice_build_info")).toEqual([
      `sluice_build_info{version="1.2.3",node="${process.versions.node}"} 1`,
    ]);
  });

  it("stand beside those of the process when asked for", async () => {
    const { registry } = build({ processMetrics: true });
    expect(await values(registry, "nodejs_eventloop_lag_p99_seconds")).toHaveLength(1);
  });

  it("are plain text in the format of Prometheus", () => {
    expect(metricsContentType).toBe("text/plain; version=0.0.4; charset=utf-8");
  });
});

describe("metrics of several processes", () => {
  it("are summed", async () => {
    const snapshots = await Promise.all(
      [2, 3].map((count) => {
        const { registry, metrics } = build();
        for (let n = 0; n < count; n += 1) metrics.connectionOpened();
        return registry.snapshot();
      }),
    );
    expect(await metricsText(snapshots)).toContain("\nsluice_connections_total 5\n");
  });

  it("survive the way between processes", async () => {
    const { registry, count } = build();
    count(fullRecord);
    const sent = JSON.parse(JSON.stringify(await registry.snapshot()));
    expect(await metricsText([sent])).toContain(
      'sluice_transaction_duration_seconds_count{service="scan",method="RESPMOD"} 1',
    );
  });

  it("tell facts once", async () => {
    const { registry, metrics } = build();
    metrics.configApplied("r1");
    const snapshot = await registry.snapshot();
    const text = await metricsText([snapshot, snapshot]);
    const facts = text.split("\n").filter((line) => /^sluice_(build|config_info)/.test(line));
    expect(facts.map((line) => line.replace(/.* /, ""))).toEqual(["1", "1"]);
  });

  it("keep the counts of one that is gone, but not its gauges", async () => {
    const { registry, metrics } = build();
    metrics.connectionOpened();
    const kept = retained(await registry.snapshot());
    const lines = (await metricsText([kept])).split("\n");
    expect(lines.filter((line) => line.startsWith("sluice_connections"))).toEqual([
      "sluice_connections_total 1",
    ]);
  });
});

describe("docs/metrics.md", () => {
  const page = readFileSync(new URL("../../../docs/metrics.md", import.meta.url), "utf8");
  const rows = page.split("\n").filter((line) => line.startsWith("| `sluice_"));
  const documented = rows.map((row) => {
    const [name = "", type = "", labels = ""] = row.split(" | ");
    return {
      name: name.replaceAll(/[|` ]/g, ""),
      type,
      labels: [...labels.matchAll(/`([a-z]+)`/g)].map(([, label]) => label),
    };
  });

  it("lists exactly the metrics that are defined, with type and labels", () => {
    const defined = Object.values(metricDefinitions).map(({ name, type, labels }) => ({
      name,
      type,
      labels: [...labels],
    }));
    expect(documented).toEqual(defined);
  });

  it("lists exactly the metrics that are served, with their labels", async () => {
    const registry = new MetricsRegistry({ processMetrics: false });
    const options = { version: "1", now: () => 0, droppedLogLines: () => 0 };
    const metrics = new PrometheusServerMetrics(registry, options);
    await exerciseEverything(registry, metrics);
    const served = (await registry.snapshot()).map(({ name, type, values: [first] }) => ({
      name,
      type,
      labels: Object.keys(first?.labels ?? {}).filter((label) => label !== "le"),
    }));
    const byName = (a: { name: string }, b: { name: string }) => a.name.localeCompare(b.name);
    expect(served.sort(byName)).toEqual(documented.sort(byName));
  });

  it("lists exactly the reasons for which a connection is refused", () => {
    const [row = ""] = rows.filter((line) => line.includes("sluice_connections_refused_total"));
    const words = [...(row.split(" | ")[3] ?? "").matchAll(/`([a-z-]+)`/g)].map(([, word]) => word);
    expect(words).toEqual(Object.values(RefusalReason));
  });
});

import { describe, expect, it } from "vitest";
import { MetricsRegistry, PrometheusEndpointMetrics } from "../../../src/telemetry/index.ts";

const endpoint = {
  url: "http://a",
  address: "10.0.0.1",
  isUp: true,
  isEjected: false,
  requests: 2,
};

function build() {
  const registry = new MetricsRegistry({ processMetrics: false });
  return { registry, metrics: new PrometheusEndpointMetrics(registry) };
}

/** The lines of values whose name matches. */
async function values(registry: MetricsRegistry, name: string): Promise<string[]> {
  const lines = (await registry.text()).split("\n");
  return lines.filter((line) => new RegExp(`^${name}`).test(line));
}

describe("metrics of endpoints", () => {
  it("count what remote scanners go through", async () => {
    const { registry, metrics } = build();
    metrics.probeEnded("clamav", false);
    metrics.probeEnded("clamav", false);
    metrics.retryWanted("clamav", "over-budget");
    metrics.endpointEjected("clamav", "failures");
    metrics.epochChanged("clamav");
    expect(await values(registry, "sluice_scanner_(probes|retries|ejections|epoch)")).toEqual([
      'sluice_scanner_probes_total{scanner="clamav",result="failed"} 2',
      'sluice_scanner_retries_total{scanner="clamav",result="over-budget"} 1',
      'sluice_scanner_ejections_total{scanner="clamav",reason="failures"} 1',
      'sluice_scanner_epoch_changes_total{scanner="clamav"} 1',
    ]);
  });

  it("tell how endpoints are at each scrape, until they are not watched any more", async () => {
    const { registry, metrics } = build();
    const end = metrics.watchEndpoints("clamav", () => [endpoint]);
    const labels = 'scanner="clamav",url="http://a",address="10.0.0.1"';
    expect(await values(registry, "sluice_scanner_endpoint")).toEqual([
      `sluice_scanner_endpoint_up{${labels}} 1`,
      `sluice_scanner_endpoint_ejected{${labels}} 0`,
      `sluice_scanner_endpoint_requests_in_flight{${labels}} 2`,
    ]);
    end();
    expect(await values(registry, "sluice_scanner_endpoint")).toEqual([]);
  });

  it("are one series for an endpoint that two scanners of a name have: the newer one's", async () => {
    const { registry, metrics } = build();
    metrics.watchEndpoints("clamav", () => [endpoint]);
    metrics.watchEndpoints("clamav", () => [{ ...endpoint, isUp: false }]);
    const labels = 'scanner="clamav",url="http://a",address="10.0.0.1"';
    expect(await values(registry, "sluice_scanner_endpoint_(up|requests)")).toEqual([
      `sluice_scanner_endpoint_up{${labels}} 0`,
      `sluice_scanner_endpoint_requests_in_flight{${labels}} 4`,
    ]);
  });
});

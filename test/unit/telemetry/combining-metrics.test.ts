import { beforeEach, describe, expect, it } from "vitest";
import { MetricsRegistry, PrometheusCombiningMetrics } from "../../../src/telemetry/index.ts";

describe("metrics of combining", () => {
  let registry: MetricsRegistry;
  let metrics: PrometheusCombiningMetrics;
  beforeEach(() => {
    registry = new MetricsRegistry({ processMetrics: false });
    metrics = new PrometheusCombiningMetrics(registry);
  });

  const samples = async (name: string) =>
    (await registry.text()).split("\n").filter((line) => line.startsWith(name));

  it("count what scanners in shadow say, beside what counted", async () => {
    metrics.shadowScanEnded("scan", "trial", "blocked", "clean");
    metrics.shadowScanEnded("scan", "trial", "blocked", "clean");
    metrics.shadowScanEnded("scan", "trial", "dropped", "clean");
    expect(await samples("sluice_shadow_verdicts_total")).toEqual([
      'sluice_shadow_verdicts_total{service="scan",scanner="trial",verdict="blocked",counted="clean"} 2',
      'sluice_shadow_verdicts_total{service="scan",scanner="trial",verdict="dropped",counted="clean"} 1',
    ]);
  });

  it("count why optional scanners had no opinion", async () => {
    metrics.optionalScanFailed("scan", "hashes", "error");
    expect(await samples("sluice_optional_failures_total")).toEqual([
      'sluice_optional_failures_total{service="scan",scanner="hashes",verdict="error"} 1',
    ]);
  });
});

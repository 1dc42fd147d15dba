import { beforeEach, describe, expect, it } from "vitest";
import { MetricsRegistry } from "../../../src/telemetry/metrics-registry.ts";
import { Tally } from "../../../src/telemetry/tally.ts";

const definition = {
  name: "scans_total",
  type: "counter",
  help: "Scans.",
  labels: ["scanner", "verdict"],
} as const;

describe("a tally", () => {
  let registry: MetricsRegistry;
  let tally: Tally<typeof definition>;
  beforeEach(() => {
    registry = new MetricsRegistry({ processMetrics: false });
    tally = new Tally(definition);
    tally.expose(registry);
  });

  const shown = async () => (await registry.snapshot()).flatMap(({ values }) => values);

  it("shows nothing before something was counted", async () => {
    expect(await shown()).toEqual([]);
  });

  it("counts what has the same labels together, in whatever order they are given", async () => {
    tally.add({ scanner: "a", verdict: "clean" });
    tally.add({ verdict: "clean", scanner: "a" });
    expect(await shown()).toEqual([{ labels: { scanner: "a", verdict: "clean" }, value: 2 }]);
  });

  it("counts what differs in one label apart", async () => {
    tally.add({ scanner: "a", verdict: "clean" });
    tally.add({ scanner: "a", verdict: "blocked" });
    tally.add({ scanner: "b", verdict: "clean" });
    expect(await shown()).toEqual([
      { labels: { scanner: "a", verdict: "clean" }, value: 1 },
      { labels: { scanner: "a", verdict: "blocked" }, value: 1 },
      { labels: { scanner: "b", verdict: "clean" }, value: 1 },
    ]);
  });

  it("takes two values for themselves where their texts run together alike", async () => {
    tally.add({ scanner: "a b", verdict: "c" });
    tally.add({ scanner: "a", verdict: "b c" });
    expect((await shown()).map(({ value }) => value)).toEqual([1, 1]);
  });

  it("counts names of properties of objects like any others", async () => {
    tally.add({ scanner: "__proto__", verdict: "constructor" });
    expect((await shown()).map(({ value }) => value)).toEqual([1]);
  });
});

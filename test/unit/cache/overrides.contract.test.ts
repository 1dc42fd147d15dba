import { Overrides } from "../../../src/cache/index.ts";
import { noOverrideMetrics, silentLogger } from "../../../src/telemetry/index.ts";
import { describeOverridesContract } from "../../contracts/overrides.contract.ts";

describeOverridesContract("overrides in memory", {
  create: async (clocks) =>
    new Overrides({ shared: undefined, metrics: noOverrideMetrics, logger: silentLogger, clocks }),
});

import { MemoryVerdictCache } from "../../../src/cache/memory-cache.ts";
import { noCacheMetrics } from "../../../src/telemetry/index.ts";
import { describeVerdictCacheContract } from "../../contracts/verdict-cache.contract.ts";

describeVerdictCacheContract("the memory of a process", {
  create: async (now) =>
    new MemoryVerdictCache({ maxBytes: 1_000_000, metrics: noCacheMetrics, now }),
});

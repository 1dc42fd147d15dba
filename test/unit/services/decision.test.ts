import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Decision, ScanContext, Scanner, Verdict } from "../../../src/scanning/index.ts";
import type { ScanServiceOptions } from "../../../src/services/index.ts";
import { ScanBench } from "../../support/scan-bench.ts";

const bench = new ScanBench();
beforeAll(() => bench.open());
afterAll(() => bench.close());

describe("what becomes of a message", () => {
  let decisions: Decision[];
  let contexts: ScanContext[];
  beforeEach(() => {
    decisions = [];
    contexts = [];
  });

  const judge = async (
    kind: Verdict["kind"],
    changes: Partial<ScanServiceOptions> = {},
    fields: readonly string[] = [],
  ): Promise<readonly Decision[]> => {
    const scanner: Scanner = {
      name: "test",
      epoch: "1",
      maxBytes: Number.POSITIVE_INFINITY,
      scan: async (_entity, context) => {
        contexts.push(context);
        context.onDecided?.((decision) => decisions.push(decision));
        expect(decisions).toEqual([]);
        return { kind, threats: [] };
      },
      close: async () => {},
    };
    await bench.outcome(bench.service({ scanner, ...changes }), { body: "x", fields });
    return decisions;
  };

  it("is told to scanners when they have all answered: it passes", async () => {
    expect(await judge("clean")).toEqual([{ passes: true, isCondemned: false }]);
  });

  it("is that it is condemned", async () => {
    expect(await judge("blocked")).toEqual([{ passes: false, isCondemned: true }]);
  });

  it("is that it is held back for a doubt", async () => {
    expect(await judge("error")).toEqual([{ passes: false, isCondemned: false }]);
  });

  it("is that it passes though it is condemned, where a service only watches", async () => {
    expect(await judge("blocked", { mode: "Monitor" })).toEqual([
      { passes: true, isCondemned: true },
    ]);
  });
});

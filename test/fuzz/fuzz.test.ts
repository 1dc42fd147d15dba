import { randomInt } from "node:crypto";
import { describe, expect, it } from "vitest";
import { visible } from "../support/visible-bytes.ts";
import { runCampaign } from "./campaign.ts";
import { keptInputs, seedsOf, targets } from "./seeds.ts";

const INPUTS = 4000;

describe.each(Object.entries(targets))("the %s under fuzzing", (name, target) => {
  it.each([...keptInputs(name)])("reads the kept input %s", (_file, input) => {
    expect(() => target(input)).not.toThrow();
  });

  const seed = randomInt(2 ** 31);
  it(`survives mutations of them, FUZZ_SEED=${seed} [conformance 195]`, () => {
    const result = runCampaign({
      target,
      seeds: seedsOf(name),
      seed,
      goesOn: (_input, tried) => tried < INPUTS,
    });
    const { find } = result;
    expect(find && `${find.error}\n${visible(find.input.toString("latin1"))}`).toBeUndefined();
    expect(result.tried).toBe(INPUTS);
  });
});

describe("a campaign", () => {
  it("finds what its target throws at, and tells the input", () => {
    const target = (data: Buffer): string => {
      if (data.includes("null-body=0")) throw new Error("planted");
      return data.toString("latin1", 0, 2);
    };
    const seeds = [Buffer.from("null-body-0")];
    const { find } = runCampaign({
      target,
      seeds,
      seed: 1,
      goesOn: (_input, tried) => tried < 100_000,
    });
    expect(find?.input.includes("null-body=0")).toBe(true);
  });
});

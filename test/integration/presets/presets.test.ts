import { describe, expect, it } from "vitest";
import { presetNames } from "../../../src/resources/index.ts";
import { describePreset } from "../../contracts/presets.contract.ts";
import { vendors } from "../../contracts/vendors/index.ts";

describe("presets", () => {
  it("have a vendor each that they are held to", () => {
    expect(vendors.map(({ preset }) => preset).sort()).toEqual(presetNames().sort());
  });
});

for (const vendor of vendors) describePreset(vendor);

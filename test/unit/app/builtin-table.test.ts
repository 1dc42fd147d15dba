import { describe, expect, it } from "vitest";
import { builtinTable } from "../../../src/app/options.ts";
import { resourceTools } from "../../../src/app/resources.ts";
import { loadSettings } from "../../../src/config/index.ts";

describe("the built-in services", () => {
  it("are those of `sluice config default`, as long as no setting changes them", async () => {
    const loaded = loadSettings({ argv: [], env: {}, readFile: () => "" });
    const printed = await resourceTools.check([]);
    expect(printed).toMatchObject({ table: loaded.ok ? builtinTable(loaded.settings) : loaded });
  });
});

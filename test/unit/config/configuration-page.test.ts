import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { configurationPage } from "../../../scripts/generate-config-docs.ts";

it("docs/configuration.md is what the catalogue generates", () => {
  const page = readFileSync(new URL("../../../docs/configuration.md", import.meta.url), "utf8");
  expect(page).toBe(configurationPage());
});

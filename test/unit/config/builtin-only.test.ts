import { describe, expect, it } from "vitest";
import { ignoredSettings, loadSettings } from "../../../src/config/index.ts";

function ignored(...argv: readonly string[]): readonly string[] {
  const loaded = loadSettings({ argv, env: { SLUICE_SCAN_HASH_LIST: "h" }, readFile: () => "" });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return ignoredSettings(loaded.settings, loaded.effective).map(({ path }) => path);
}

describe("settings of the built-in services", () => {
  it("are ignored with resource files", () => {
    const flags = [
      "--services-preview=1",
      "--services-block-status=451",
      "--services-on-error=Allow",
    ];
    expect(ignored("-f", "x.yaml", ...flags)).toEqual([
      "scan.hashList",
      "services.preview",
      "services.on.error",
      "services.block.status",
    ]);
  });

  it("hold without resource files", () => {
    expect(ignored("--services-preview=1")).toEqual([]);
  });

  it("are not those that hold for all services", () => {
    const flags = ["--services-options-ttl=1h", "--services-max-connections=9", "--scan-workers=1"];
    expect(ignored("-f", "x.yaml", ...flags)).toEqual(["scan.hashList"]);
  });
});

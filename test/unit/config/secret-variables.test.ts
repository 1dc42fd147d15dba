import { afterEach, describe, expect, it, vi } from "vitest";
import { loadSettings, secretFromEnvironment, secretVariable } from "../../../src/config/index.ts";

const ref = { namespace: "security", name: "vendor.v2", key: "api-key" };

describe("variables with secrets", () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it("are named after namespace, name and key", () => {
    expect(secretVariable(ref)).toBe("SLUICE_SECRET_SECURITY_VENDOR_V2_API_KEY");
  });

  it("give their value", () => {
    vi.stubEnv("SLUICE_SECRET_SECURITY_VENDOR_V2_API_KEY", "s3cret");
    expect(secretFromEnvironment(ref)).toBe("s3cret");
  });

  it("give nothing when they are not set", () => {
    expect(secretFromEnvironment({ ...ref, key: "other" })).toBeUndefined();
  });

  it("are no settings, and no unknown ones", () => {
    const env = { [secretVariable(ref)]: "s3cret" };
    const loaded = loadSettings({ argv: [], env, readFile: () => "" });
    expect(loaded.ok).toBe(true);
    expect(JSON.stringify(loaded)).not.toContain("s3cret");
  });
});

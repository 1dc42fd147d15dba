import { describe, expect, it } from "vitest";
import { makeEngines } from "../../../src/scanners/embedded/engines.ts";
import { ARCHIVE_LIMITS } from "../../../src/scanners/index.ts";
import { loadYara } from "../../../src/scanners/yara/yara-native.ts";

describe("loadYara", () => {
  it("says so when there is no build for the platform", () => {
    expect(loadYara("aix-ppc64")).toEqual({
      available: false,
      reason: "YARA-X has no build for aix-ppc64",
    });
  });

  it("says why when the build cannot be loaded, in one line", () => {
    const require = (): never => {
      throw new Error("libc.so.6: version `GLIBC_2.99' not found\nRequire stack:\n- x");
    };
    expect(loadYara("linux-x64", require)).toEqual({
      available: false,
      reason: "YARA-X cannot be loaded on linux-x64: libc.so.6: version `GLIBC_2.99' not found",
    });
  });

  it("knows the version of what it loads", () => {
    const require = (id: string) => (id.endsWith("package.json") ? { version: "0.7.2" } : {});
    expect(loadYara("linux-x64", require)).toMatchObject({ available: true, version: "0.7.2" });
  });
});

describe("makeEngines", () => {
  const options = {
    nativeEngine: true,
    rules: [],
    limits: ARCHIVE_LIMITS,
    windowBytes: 1024,
    engineTimeoutMs: 30_000,
  };

  it("scans with what is left where YARA cannot be loaded", () => {
    const { engines, report } = makeEngines(options, () => ({ available: false, reason: "gone" }));
    expect(engines.map((engine) => engine.name)).toEqual(["type", "eicar"]);
    expect(report).toMatchObject({ engine: "eicar", rules: 0, unavailable: "gone" });
  });

  it("does not try to load YARA when it is switched off", () => {
    const load = (): never => {
      throw new Error("was loaded");
    };
    const { report } = makeEngines({ ...options, nativeEngine: false }, load);
    expect(report.unavailable).toBe("YARA-X is switched off");
  });
});

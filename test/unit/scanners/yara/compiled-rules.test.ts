import { readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CompiledRules } from "../../../../src/scanners/yara/compiled-rules.ts";
import { TempDirectory } from "../../../support/temp-directory.ts";

const compiled = Buffer.from("what the engine made of them");

describe("rules that were compiled before", () => {
  let directory: TempDirectory;
  beforeEach(() => {
    directory = new TempDirectory();
    rulesOf("rules", "1.17").write(() => compiled);
  });
  afterEach(() => {
    directory.remove();
  });
  const rulesOf = (digest: string, version: string) =>
    new CompiledRules(directory.path, digest, version);
  const file = (): string => directory.join(readdirSync(directory.path)[0] as string);

  it("are read again", () => {
    expect(rulesOf("rules", "1.17").read()).toEqual(compiled);
  });

  it.each([
    ["other rules", "others", "1.17"],
    ["another engine, which would read them as something else", "rules", "1.18"],
  ])("are not those of %s", (_name, digest, version) => {
    expect(rulesOf(digest, version).read()).toBeUndefined();
  });

  it("are as good as none when they are cut off", () => {
    truncateSync(file(), 40);
    expect(rulesOf("rules", "1.17").read()).toBeUndefined();
  });

  it("are as good as none when they are damaged", () => {
    const bytes = readFileSync(file());
    bytes.writeUInt8(bytes.readUInt8(40) ^ 1, 40);
    writeFileSync(file(), bytes);
    expect(rulesOf("rules", "1.17").read()).toBeUndefined();
  });

  it("leave nothing half written behind", () => {
    rulesOf("others", "1.17").write(() => {
      throw new Error("no room");
    });
    expect(readdirSync(directory.path)).toHaveLength(1);
  });
});

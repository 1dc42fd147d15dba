import { describe, expect, it } from "vitest";
import {
  defaultSettingsFile,
  effectiveSettingsFile,
  formatProblems,
  loadSettings,
  settingEntries,
} from "../../../src/config/index.ts";

function load(file: string, argv: readonly string[] = []) {
  const sources = { argv: ["--config", "s.yaml", ...argv], env: {}, readFile: () => file };
  const loaded = loadSettings(sources);
  if (!loaded.ok) throw new Error(formatProblems(loaded.problems));
  return loaded;
}

describe("the file of defaults", () => {
  it("gives the settings that no file gives", () => {
    expect(load(defaultSettingsFile()).settings).toEqual(load("").settings);
  });

  it("names every setting", () => {
    const names = settingEntries.map(({ path }) => path.split(".").at(-1));
    const lines = defaultSettingsFile().split("\n");
    const missing = names.filter(
      (name) => !lines.some((line) => line.trim().replace(/^# /, "").startsWith(`${name}:`)),
    );
    expect(missing).toEqual([]);
  });
});

describe("the file of what is in force", () => {
  const argv = [
    ...["--listen-icap", ":1,[::1]:2", "--log-transactions=false", "--drain-delay", "0"],
    ...["--services-block-contact", 'true: # "x"', "--admin-address", ""],
  ];

  it("gives the same settings again", () => {
    const first = load("workers: 3", argv);
    expect(load(effectiveSettingsFile(first.effective)).settings).toEqual(first.settings);
  });

  it("says where each value comes from", () => {
    const lines = effectiveSettingsFile(load("workers: 3", argv).effective).split("\n");
    const commentOf = (setting: string) => lines[lines.findIndex((l) => l.trim() === setting) - 1];
    expect([
      commentOf("workers: 3"),
      commentOf('delay: "0"'),
      commentOf("headTimeout: 30s"),
    ]).toEqual(["# s.yaml:1: workers", "  # --drain-delay", "  # default"]);
  });
});

import { describe, expect, it } from "vitest";
import { loadSettings, type Problem } from "../../../src/config/index.ts";

const load = (...argv: string[]) => loadSettings({ argv, env: {}, readFile: () => "" });

function problems(...argv: string[]): readonly Problem[] {
  const loaded = load(...argv);
  return loaded.ok ? [] : loaded.problems;
}

describe("flags", () => {
  it("take their value from the next argument", () => {
    expect(load("--limits-head-timeout", "5s")).toMatchObject({
      settings: { limits: { headTimeout: 5000 } },
    });
  });

  it("take their value after an equals sign", () => {
    expect(load("--limits-head-timeout=5s")).toMatchObject({
      settings: { limits: { headTimeout: 5000 } },
    });
  });

  it("turn a toggle on by their name", () => {
    expect(load("--services-log-identity")).toMatchObject({
      settings: { services: { logIdentity: true } },
    });
  });

  it("turn a toggle off by --no-", () => {
    expect(load("--no-log-transactions")).toMatchObject({
      settings: { log: { transactions: false } },
    });
  });

  it("set a toggle by a word", () => {
    expect(load("--log-transactions=false")).toMatchObject({
      settings: { log: { transactions: false } },
    });
  });

  it("refuse a toggle that is neither true nor false", () => {
    expect(problems("--log-transactions=no")).toEqual([
      { origin: "--log-transactions", message: 'must be true or false, not "no"' },
    ]);
  });

  it("gather a list from repetition and commas", () => {
    expect(load("--listen-icap", ":1,:2", "--listen-icap=[::1]:3")).toMatchObject({
      settings: { listen: { icap: [{ port: 1 }, { port: 2 }, { host: "::1", port: 3 }] } },
    });
  });

  it("let the last of several win where there is one value", () => {
    expect(load("--workers", "2", "--workers", "5")).toMatchObject({ settings: { workers: 5 } });
  });

  it("let an empty value take a default away", () => {
    expect(load("--admin-address", "")).toMatchObject({
      settings: { admin: { address: undefined } },
    });
  });

  it("name the flag that was probably meant", () => {
    expect(problems("--limit-max-connections", "5")).toEqual([
      {
        origin: "--limit-max-connections",
        message: 'unknown flag, did you mean "--limits-max-connections"?',
      },
    ]);
  });

  it("do not guess when nothing is near", () => {
    expect(problems("--frobnicate")).toEqual([{ origin: "--frobnicate", message: "unknown flag" }]);
  });

  it("have no negation but for toggles", () => {
    expect(problems("--no-workers")).toEqual([
      { origin: "--no-workers", message: 'unknown flag, did you mean "--workers"?' },
    ]);
  });

  it("need their value", () => {
    expect(problems("--workers")).toEqual([{ origin: "--workers", message: "needs a value" }]);
  });

  it("do not swallow the next flag as their value", () => {
    expect(problems("--workers", "--log-level=debug")).toEqual([
      { origin: "--workers", message: "needs a value" },
    ]);
  });

  it("need the path of a configuration file", () => {
    expect(problems("--config")).toEqual([{ origin: "--config", message: "needs a value" }]);
  });

  it("leave no room for other arguments", () => {
    expect(problems("start")).toEqual([{ origin: '"start"', message: "unexpected argument" }]);
  });

  it("leave no room for arguments after two dashes either", () => {
    expect(problems("--", "start")).toEqual([
      { origin: '"start"', message: "unexpected argument" },
    ]);
  });
});

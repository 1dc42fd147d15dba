import { deflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import {
  holdMsOf,
  jobOfPath,
  pathOfJob,
  pollMsOf,
} from "../../../../src/scanners/serve/pending-scans.ts";

describe("how long a client waits before it takes a 202", () => {
  it.each([
    ["respond-async, wait=10", 60_000, 10_000],
    ["wait=10, respond-async", 60_000, 10_000],
    ['Respond-Async; foo, WAIT = "10"', 60_000, 10_000],
    ["respond-async, wait=0", 60_000, 0],
    ["respond-async", 60_000, 0],
    ["respond-async, wait=2", 2999, 2999],
    ["respond-async, wait=2", 3000, 2000],
    ["respond-async, wait=0", 700, 700],
    ["respond-async, wait=90", 60_000, 60_000],
  ])("%s of %i ms: %i ms", (prefer, leftMs, holdMs) => {
    expect(holdMsOf({ prefer }, leftMs)).toBe(holdMs);
  });

  it.each([undefined, "", "wait=10", "no-respond-async", "respond-asynchronously, wait=1"])(
    "is for ever when it takes none: %s",
    (prefer) => {
      expect(holdMsOf(prefer === undefined ? {} : { prefer }, 60_000)).toBeUndefined();
    },
  );
});

describe("how long a poll waits", () => {
  it.each([
    ["wait=10", 60_000, 10_000],
    ["respond-async, wait=10", 60_000, 10_000],
    ["wait=0", 60_000, 0],
    ["wait=2", 2500, 2500],
    ["", 60_000, 60_000],
    ["respond-async", 60_000, 60_000],
  ])("%s of %i ms: %i ms", (prefer, leftMs, holdMs) => {
    expect(pollMsOf({ prefer }, leftMs)).toBe(holdMs);
  });
});

describe("the path of a job", () => {
  it("is the job", () => {
    const job = JSON.stringify({ step: 1, state: { id: "ä/?#" } });
    const path = pathOfJob(job) ?? "";
    expect(path).toMatch(/^\/v1\/scans\/[\w-]+$/);
    expect(jobOfPath(path)).toBe(job);
  });

  it("is none where no client could follow it", () => {
    const noise = Array.from({ length: 900 }, (_, index) => String.fromCharCode(0x100 + index * 7));
    expect(pathOfJob(noise.join(""))).toBeUndefined();
  });

  const bomb = `/v1/scans/${deflateRawSync(Buffer.alloc(400_000)).toString("base64url")}`;

  it.each([
    ["another path", "/v1/scan"],
    ["nothing", "/v1/scans/"],
    ["what nobody packed", "/v1/scans/abcdef"],
    ["one that is too long", `/v1/scans/${"A".repeat(800)}`],
    ["one that grows too large", bomb],
  ])("is not %s", (_name, path) => {
    expect(jobOfPath(path)).toBeUndefined();
  });

  it("has a bomb among what it refuses", () => {
    expect(bomb.length).toBeLessThan(768);
  });
});

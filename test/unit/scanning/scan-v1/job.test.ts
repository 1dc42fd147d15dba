import { describe, expect, it } from "vitest";
import { decodeJob, encodeJob } from "../../../../src/scanning/scan-v1/job.ts";

const job = { url: "http://sandbox:8080/a", address: "10.0.0.1", path: "/a/v1/scans/7?b=c" };

describe("a job of scan/v1", () => {
  it("is read as it was written", () => {
    expect(decodeJob(encodeJob(job) ?? "")).toEqual(job);
  });

  it("may be without an address", () => {
    const { url, path } = job;
    expect(decodeJob(encodeJob({ url, path }) ?? "")).toEqual({ url, path });
  });

  it("is none when the scanner's path is too long to be kept", () => {
    expect(encodeJob({ ...job, path: `/${"x".repeat(768)}` })).toBeUndefined();
  });

  it.each([
    ["nothing", ""],
    ["no JSON", "http://sandbox:8080/v1/scans/7"],
    ["no object", '"x"'],
    ["no path", '{"url":"http://a"}'],
    ["a path that is a URL", '{"url":"http://a","path":"http://b/"}'],
    ["a path without an end", JSON.stringify({ url: "http://a", path: `/${"x".repeat(768)}` })],
    ["more than a job", '{"url":"http://a","path":"/","method":"POST"}'],
  ])("is not %s", (_name, text) => {
    expect(decodeJob(text)).toBeUndefined();
  });
});

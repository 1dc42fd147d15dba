import { describe, expect, it } from "vitest";
import { verdictOfReply } from "../../../../src/scanners/clamav/clamd-reply.ts";

describe("the verdict of clamd's reply", () => {
  it("is clean for exactly one reply", () => {
    expect(verdictOfReply("stream: OK")).toEqual({ kind: "clean", threats: [] });
  });

  it.each([
    ["Win.Test.EICAR_HDB-1", "blocked", "malware"],
    ["Heuristics.OLE2.ContainsMacros", "blocked", "malware"],
    ["Heuristics.Limits.Exceeded.MaxFileSize", "unscannable", "archive-limit"],
    ["Heuristics.Encrypted.Zip", "unscannable", "encrypted"],
    ["Heuristics.Phishing.Email.SpoofedDomain", "suspicious", undefined],
    ["PUA.Win.Packer.Upx", "suspicious", undefined],
    ["YARA.PUA.UNOFFICIAL", "blocked", "malware"],
  ])("for %s is %s", (name, kind, reason) => {
    const verdict = verdictOfReply(`stream: ${name} FOUND`);
    expect([verdict.kind, verdict.reason]).toEqual([kind, reason]);
    expect(verdict.threats).toEqual([{ name, engine: "clamav" }]);
  });

  it("is told without MD5 and size of ExtendedDetectionInfo", () => {
    const reply = "stream: Test.A(44d88612fea8a8f36de82e1278abb02f:68) FOUND";
    expect(verdictOfReply(reply).threats[0]?.name).toBe("Test.A");
  });

  it("is unscannable for its size over StreamMaxLength", () => {
    const verdict = verdictOfReply("INSTREAM size limit exceeded. ERROR");
    expect([verdict.kind, verdict.reason]).toEqual(["unscannable", "size"]);
  });

  it.each(["", "OK", "stream: ok", "stream: OK ", "other: OK", "stream: FOUND", "stream: x ERROR"])(
    "is an error for %j",
    (reply) => {
      expect(verdictOfReply(reply)).toMatchObject({ kind: "error", reason: "engine-error" });
    },
  );

  it("repeats no more than 256 characters of a reply", () => {
    const [threat] = verdictOfReply(`stream: ${"n".repeat(4000)} FOUND`).threats;
    expect(threat?.name).toHaveLength(256);
  });
});

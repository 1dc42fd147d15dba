import { describe, expect, it } from "vitest";
import { epochOf, parseVersion } from "../../../../src/scanners/clamav/clamd-version.ts";

describe("the version that clamd tells", () => {
  it("has signatures when there is a daily database", () => {
    expect(parseVersion("ClamAV 1.4.6/27500/Fri Nov 20 08:30:12 2026")).toEqual({
      engine: "1.4.6",
      signatures: "27500",
      signaturesDate: new Date("2026-11-20T08:30:12").toISOString(),
    });
  });

  it("has none without", () => {
    expect(parseVersion("ClamAV 1.4.6")).toMatchObject({ engine: "1.4.6", signatures: undefined });
  });

  it("may have a date that is none", () => {
    const version = parseVersion("ClamAV 1.4.6/27500/some day");
    expect(version).toMatchObject({ signatures: "27500", signaturesDate: undefined });
  });

  it.each(["", "PONG", "ClamAV", "ClamAV 1.4.6/x", "ClamAV 1.4.6/1/a/b", "clamd 1.4.6"])(
    "is not to be read in %j",
    (reply) => expect(parseVersion(reply)).toBeUndefined(),
  );
});

describe("the epoch of a clamd", () => {
  it("changes with engine, daily database and signatures of one's own", () => {
    const engine = { engine: "1.4.6", signatures: undefined, signaturesDate: undefined };
    expect(epochOf(engine, undefined)).toBe("clamav 1.4.6");
    expect(epochOf({ ...engine, signatures: "27500" }, undefined)).toBe("clamav 1.4.6;daily=27500");
    expect(epochOf(engine, "corp-7")).toBe("clamav 1.4.6;own=corp-7");
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { icapError, shown } from "../../../src/protocol/index.ts";

describe("an error", () => {
  it("has the status and the end of its code, and the detail in its message", () => {
    expect(icapError("ICAP_ERR_VERSION", shown("ICAP/2.0"))).toEqual({
      code: "ICAP_ERR_VERSION",
      status: 505,
      closes: true,
      message: 'version "ICAP/2.0" is not ICAP/1.0',
    });
  });

  it("ends where its message does when there is no detail", () => {
    expect(icapError("ICAP_ERR_HOST").message).toBe("missing or contradictory Host");
  });

  it("takes a detail literally, be it a replacement pattern", () => {
    expect(icapError("ICAP_ERR_URI", "$&$'").message).toBe("not an absolute icap URI: $&$'");
  });
});

describe("what a peer sent, as it is shown", () => {
  it("is quoted and cut", () => {
    expect(shown("a".repeat(70))).toBe(`"${"a".repeat(64)}…"`);
  });

  it("is whole as long as it is short enough", () => {
    expect(shown("a".repeat(64))).toBe(`"${"a".repeat(64)}"`);
  });

  it("has no line ends, control characters or characters that turn the direction of text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (value) => {
        expect(shown(value)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      }),
    );
  });

  it("has no user information of a URI [conformance 21]", () => {
    expect(shown("http://user:secret@host/a")).toBe('"http://…@host/a"');
  });

  it("has no query of a URI", () => {
    expect(shown("http://host/a?token=secret\nmore")).toBe('"http://host/a?…"');
  });
});

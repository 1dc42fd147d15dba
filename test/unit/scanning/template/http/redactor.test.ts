import { describe, expect, it } from "vitest";
import { Redactor } from "../../../../../src/scanning/template/http/redactor.ts";

const secret = `s3cr+t/a"b<é>&'% \u{1F511}\\(x)`;
const byUnit = (form: (unit: string) => string): string =>
  secret.replace(/[^A-Za-z0-9]/g, (unit) => form(unit));
const codeOf = (unit: string): string => unit.charCodeAt(0).toString(16).padStart(4, "0");
const escapedSign = (sign: string): string => `\\u${codeOf(sign).toUpperCase()}`;

describe("a secret in an answer", () => {
  const redactor = new Redactor([secret]);

  it.each([
    ["as it is", secret],
    ["in JSON", JSON.stringify(secret).slice(1, -1)],
    ["in JSON of PHP", JSON.stringify(secret).slice(1, -1).replaceAll("/", "\\/")],
    ["in JSON in ASCII", byUnit((unit) => `\\u${codeOf(unit)}`)],
    ["in JSON of .NET", byUnit((unit) => `\\u${codeOf(unit).toUpperCase()}`)],
    ["in a URL", encodeURIComponent(secret)],
    ["in a URL in lower case", encodeURIComponent(secret).toLowerCase()],
    ["in a form", new URLSearchParams([["", secret]]).toString().slice(1)],
    ["in a header field", secret.replace(/[^ -~]+/g, encodeURIComponent)],
    [
      "in HTML",
      secret
        .replaceAll("&", "&amp;")
        .replaceAll("<", "&lt;")
        .replaceAll(">", "&gt;")
        .replaceAll('"', "&quot;")
        .replaceAll("'", "&#039;"),
    ],
    ["in Base64", Buffer.from(secret).toString("base64")],
    ["in Base64 for URLs", Buffer.from(secret).toString("base64url")],
  ])("is not seen %s", (_where, form) => {
    expect(redactor.redact(`key: ${form}.`)).toBe("key: [redacted].");
  });

  it("leaves the rest as it is", () => {
    const text = `{"a":"\\u002b","b":"100%","c":"&amp;s3cr"}`;
    expect(redactor.redact(text)).toBe(text);
  });

  it("stays where it has other letters, beside one that is escaped", () => {
    const short = new Redactor(["clean"]);
    expect(short.redact("%63lean CLEAN Clean")).toBe("[redacted] CLEAN Clean");
  });

  it("is hidden as a whole where another one is its beginning", () => {
    const both = new Redactor(["abcd", "abcdefgh"]);
    expect(both.redact("\\u0061bcdefgh %61bcd")).toBe("[redacted] [redacted]");
  });

  it.each([
    ["with + escaped", (token: string) => token.replaceAll("+", "\\u002B")],
    ["with + and / escaped", (token: string) => token.replace(/[+/]/g, escapedSign)],
  ])("is a long token in Base64, %s", (_how, form) => {
    const token = "ab+c/d".repeat(200);
    expect(new Redactor([token]).redact(`"${form(token)}"`)).toBe('"[redacted]"');
  });

  it("is not looked for when it is so short that it is there by chance", () => {
    expect(new Redactor(["abc"]).redact("abc %61bc")).toBe("abc %61bc");
  });
});

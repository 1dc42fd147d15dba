import { describe, expect, it } from "vitest";
import { cacheScopeOf } from "../../../../src/scanning/template/cache-scope.ts";

const scopeOf = (names: string, { sendsContent = false, judgesNames = false } = {}) =>
  cacheScopeOf(new Set(names.split(" ")), { sendsContent, judgesNames });

describe("what verdicts of a template depend on", () => {
  it.each([
    ["sha256", "content"],
    ["sha256 fileName policy detectedType size", "content"],
    ["sha256 declaredType", "content+type"],
    ["url", "url"],
    ["path host", "url"],
    ["host", "host"],
    ["sha256 url", "content+url"],
    ["md5 host", "content+url"],
    ["sha256 user", "user"],
    ["clientIp", "user"],
    ["user url", "none"],
    ["url declaredType", "none"],
    ["sha256 method", "none"],
    ["status", "none"],
    ["groups", "none"],
    ["service", "none"],
    ["direction", "none"],
  ])("is by reading %s: %s", (names, scope) => {
    expect(scopeOf(names)).toBe(scope);
  });

  it("is the bytes and the URL where both are sent", () => {
    expect(scopeOf("url", { sendsContent: true })).toBe("content+url");
  });

  it("is the name where an expression judges by it", () => {
    expect(scopeOf("sha256 fileName", { judgesNames: true })).toBe("content+name");
  });
});

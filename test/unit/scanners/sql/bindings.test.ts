import { describe, expect, it } from "vitest";
import {
  type Binding,
  bindingValues,
  cacheScopeOf,
} from "../../../../src/scanners/sql/bindings.ts";

describe("the values of a request", () => {
  it("are NULL, or nothing, where nothing is known", () => {
    const { domains, groups, ...others } = bindingValues({}, {});
    expect([domains, groups]).toEqual([[], []]);
    expect(new Set(Object.values(others))).toEqual(new Set([null]));
  });

  it("have the host of the URL, and the domains above it down to what can be registered", () => {
    const values = bindingValues({ url: "https://A.b.Example.co.uk.:8443/x" }, {});
    expect(values).toMatchObject({
      host: "a.b.example.co.uk",
      domain: "example.co.uk",
      domains: ["a.b.example.co.uk", "b.example.co.uk", "example.co.uk"],
    });
  });

  it("take the host where there is no URL, in Punycode", () => {
    expect(bindingValues({ host: "bücher.example" }, {}).host).toBe("xn--bcher-kva.example");
  });

  it("have an address as its own domain", () => {
    expect(bindingValues({ url: "http://[2001:db8::1]/" }, {}).domains).toEqual(["2001:db8::1"]);
    expect(bindingValues({ url: "http://0x7f.1/" }, {}).domains).toEqual(["127.0.0.1"]);
  });

  it("have no more than 16 domains, with the host and the registrable one among them", () => {
    const host = `${"a.".repeat(100)}example.com`;
    const domains = bindingValues({ host }, {}).domains as readonly string[];
    expect(domains).toHaveLength(16);
    expect([domains[0], domains[1], domains.at(-1)]).toEqual([
      host,
      `${"a.".repeat(14)}example.com`,
      "example.com",
    ]);
  });

  it("hold nothing that a database would refuse in a text", () => {
    const values = bindingValues({ fileName: "a\0\uD800.exe", identity: { groups: ["\0"] } }, {});
    expect(values).toMatchObject({ filename: "a\uFFFD\uFFFD.exe", groups: ["\uFFFD"] });
  });

  it.each([
    ["report.PDF", "pdf"],
    ["archive.tar.gz", "gz"],
    ["none", null],
    ["dir.d/none", null],
  ])("have the extension of %s", (fileName, extension) => {
    expect(bindingValues({ fileName }, {}).extension).toBe(extension);
  });
});

describe("what a verdict may be remembered by", () => {
  it.each<[readonly Binding[], string]>([
    [["sha256"], "content"],
    [["md5", "sha1"], "content"],
    [["host"], "host"],
    [["domains", "domain"], "host"],
    [["url", "domains"], "url"],
    [["sha256", "domains"], "content+url"],
    [["sha256", "declared_type"], "content+type"],
    [["user"], "user"],
    [["sha256", "user"], "user"],
    [["host", "user"], "none"],
    [["groups"], "none"],
    [["client", "sha256"], "none"],
    [["filename"], "none"],
  ])("%j: %s", (uses, scope) => {
    expect(cacheScopeOf(new Set(uses))).toBe(scope);
  });
});

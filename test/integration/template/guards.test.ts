import { describe, expect, it } from "vitest";
import { answers } from "../../support/fake-scanner.ts";
import { entityOf } from "../../support/samples/entities.ts";
import { byPath, type Filling, useVendor, within } from "./template-under-test.ts";

describe("what a template must not reach", () => {
  const { vendor, scannerOf } = useVendor();
  const scan = async (yaml: string, filling: Filling = {}, about = {}, context = {}) => {
    const scanner = await scannerOf(yaml, filling);
    return scanner.scan(entityOf("x", about), { ...within(60_000), ...context });
  };
  const simple = `
steps: [{ name: scan, request: { path: "/f/\${req.fileName}" } }]
result: { verdict: "'clean'" }`;

  it.each([
    "http://169.254.169.254",
    "http://[fe80::1]",
    "http://[fd00:ec2::254]",
    "http://[::ffff:169.254.169.254]",
    "http://0xA9FEA9FE",
    "http://100.100.100.200",
  ])("is the metadata of a cloud: %s", async (baseUrl) => {
    const verdict = await scan(simple, { baseUrl }, { fileName: "x" });
    expect(verdict).toMatchObject({ kind: "error" });
    expect(verdict.message).toBe("scan: the address is link-local, or a cloud's metadata");
  });

  it.each([`addresses: PublicOnly${simple}`])(
    "is a loopback address where only public ones are allowed",
    async (yaml) => {
      vendor().script = answers({});
      expect((await scan(yaml, {}, { fileName: "x" })).message).toBe(
        "scan: the address is not public",
      );
      expect(vendor().received).toEqual([]);
    },
  );

  it("is a loopback address behind a name where only public ones are allowed", async () => {
    vendor().script = answers({});
    const baseUrl = vendor().urlAt("localhost");
    const verdict = await scan(`addresses: PublicOnly${simple}`, { baseUrl }, { fileName: "x" });
    expect(verdict.message).toBe("scan: the address is not public");
    expect(vendor().received).toEqual([]);
  });

  it("may be a loopback address behind a name otherwise", async () => {
    vendor().script = answers({});
    const baseUrl = vendor().urlAt("localhost");
    expect((await scan(simple, { baseUrl }, { fileName: "x" })).kind).toBe("clean");
  });

  it.each([
    ["a/b", "/f/a%2Fb"],
    ["?x=1#y", "/f/%3Fx%3D1%23y"],
    ["a b+c%2e", "/f/a%20b%2Bc%252e"],
    ["é\u{1F600}", "/f/%C3%A9%F0%9F%98%80"],
    ["\ud800", "/f/%EF%BF%BD"],
    ["@evil.example:80", "/f/%40evil.example%3A80"],
  ])("is not another path by the name %j", async (fileName, path) => {
    vendor().script = answers({});
    await scan(simple, {}, { fileName });
    expect(vendor().received.map(({ path: asked }) => asked)).toEqual([path]);
  });

  it.each([".", ".."])("is not a path above by the name %j", async (fileName) => {
    const verdict = await scan(simple, {}, { fileName });
    expect(verdict.message).toBe("scan: a value in the path would change the path");
    expect(vendor().received).toEqual([]);
  });

  it.each(["a\r\nX-Evil: 1", "a\nb", "a\rb", "a\0b"])(
    "is not another header field by the name %j",
    async (fileName) => {
      const yaml = `
steps: [{ name: scan, request: { path: /, headers: { X-Name: "\${req.fileName}" } } }]
result: { verdict: "'clean'" }`;
      const verdict = await scan(yaml, {}, { fileName });
      expect(verdict.message).toBe("scan: a value for a header field holds a control character");
      expect(vendor().received).toEqual([]);
    },
  );

  it("is sent in ASCII in a header field", async () => {
    vendor().script = answers({});
    const yaml = `
steps: [{ name: scan, request: { path: /, headers: { X-Name: "\${req.fileName}" } } }]
result: { verdict: "'clean'" }`;
    await scan(yaml, {}, { fileName: "é x" });
    expect(vendor().received[0]?.headers["x-name"]).toBe("%C3%A9 x");
  });

  describe("by a URL that an answer gave", () => {
    const upload = (hosts: string) => `
steps:
  - { name: where, request: { path: /where }, extract: { url: res.json.url } }
  - { name: upload, request: { method: POST, url: state.url, ${hosts} body: { mode: Raw } } }
result: { verdict: "'clean'" }`;

    const scanAt = async (url: string, hosts = "") => {
      vendor().script = byPath({ "/where": answers({ url }), "/upload": answers({}) });
      return scan(upload(hosts));
    };

    it("may be the host of the base URL", async () => {
      expect((await scanAt(`${vendor().url}/upload?t=1`)).kind).toBe("clean");
      expect(vendor().received.at(-1)?.path).toBe("/upload?t=1");
    });

    it("may be a host that the template allows", async () => {
      const hosts = `hosts: ["localhost:${vendor().port}"],`;
      expect((await scanAt(`${vendor().urlAt("localhost")}/upload`, hosts)).kind).toBe("clean");
    });

    it.each([
      ["http://evil.example/upload", "leads to a host that the template does not allow"],
      ["http://127.0.0.1.evil.example/", "leads to a host that the template does not allow"],
      ["http://localhost:1/", "leads to a host that the template does not allow"],
      ["https://localhost/upload", "has another scheme than the base"],
      ["file:///etc/passwd", "has another scheme than the base"],
      ["http://user:pw@localhost/", "names a user"],
      ["//evil.example/x", "leads to a host that the template does not allow"],
    ])("is not %s", async (url, why) => {
      const verdict = await scanAt(url, 'hosts: ["*.allowed.example"],');
      expect(verdict).toMatchObject({ kind: "error", message: `upload: the url ${why}` });
      expect(vendor().received).toHaveLength(1);
    });
  });
});

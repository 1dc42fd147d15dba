import { describe, expect, it } from "vitest";
import type { AppFacts } from "../../../src/app/index.ts";
import { bannerText } from "../../../src/cli/banner.ts";

const facts: AppFacts = {
  icap: [{ host: "::", port: 1344 }],
  icaps: [],
  admin: { host: "127.0.0.1", port: 9344 },
  services: [
    { path: "/echo", methods: ["REQMOD", "RESPMOD"], scans: false },
    { path: "/scan", methods: ["REQMOD", "RESPMOD"], scans: true },
  ],
  scanners: [
    {
      name: "embedded",
      engine: "yara-x",
      version: "1.0.0",
      rules: 60,
      hashes: 0,
      threads: 2,
      degraded: undefined,
    },
  ],
};

const banner = (more: Partial<AppFacts> = {}): string =>
  bannerText({ ...facts, ...more }, { version: "1.2.3", programName: "sluice" });

const [scanner] = facts.scanners as [AppFacts["scanners"][number]];

describe("the banner", () => {
  it("says what is served and what to type", () => {
    expect(banner()).toBe(`Sluice 1.2.3 is serving
  listener  icap://[::]:1344
  services  /echo  /scan
  scanner   yara-x 1.0.0 with 60 rules, no hash list
  admin     http://127.0.0.1:9344/metrics  /livez  /readyz

Try it from another terminal:
  sluice scan --eicar
  sluice scan FILE
How to put it behind Squid and browse through it: README.md

`);
  });

  it("names the address to try where it is not the default", () => {
    expect(banner({ icap: [{ host: "0.0.0.0", port: 99 }] })).toContain(
      "sluice scan --eicar --service icap://127.0.0.1:99/scan\n",
    );
  });

  it("names the first service that scans where it is not the default", () => {
    const services = ["/a", "/b", "/c"].map((path) => ({ path, methods: [], scans: path > "/a" }));
    expect(banner({ services })).toContain("sluice scan FILE --service icap://127.0.0.1:1344/b\n");
  });

  it("offers nothing to try where nothing is scanned", () => {
    const services = [{ path: "/echo", methods: ["REQMOD"], scans: false }];
    expect(banner({ services })).not.toContain("Try it");
  });

  it("counts the services that would not fit", () => {
    const services = Array.from({ length: 14 }, (_, index) => ({
      path: `/${index}`,
      methods: [],
      scans: true,
    }));
    expect(banner({ services })).toMatch(/ \/10 {2}\/11 {2}and 2 more\n/);
  });

  it("says that there are no services", () => {
    expect(banner({ services: [] })).toContain("  services  none\n");
  });

  it("names a listener without a host as one on all addresses", () => {
    expect(banner({ icap: [{ host: undefined, port: 99 }] })).toContain("icap://[::]:99\n");
  });

  it("offers nothing to try where there is only TLS", () => {
    const text = banner({ icap: [], icaps: [{ host: "::1", port: 11_344 }] });
    expect([text.includes("icaps://[::1]:11344"), text.includes("Try it")]).toEqual([true, false]);
  });

  it("says what is missing", () => {
    const degraded = "no native engine for this platform";
    const version = undefined;
    const text = banner({ scanners: [{ ...scanner, version, rules: 1, hashes: 1, degraded }] });
    expect(text).toContain(
      "  scanner   yara-x with 1 rule, a list of 1 hash\n            degraded: no native engine for this platform\n",
    );
  });

  it("leaves out an admin port that is off", () => {
    expect(banner({ admin: undefined })).not.toContain("metrics");
  });
});

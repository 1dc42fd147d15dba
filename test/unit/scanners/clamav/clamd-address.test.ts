import { describe, expect, it } from "vitest";
import { parseClamdAddress } from "../../../../src/scanners/clamav/clamd-address.ts";

describe("the address of a clamd", () => {
  it.each([
    ["127.0.0.1:3311", { host: "127.0.0.1", port: 3311, label: "127.0.0.1:3311" }],
    ["clamd.scan.svc", { host: "clamd.scan.svc", port: 3310, label: "clamd.scan.svc:3310" }],
    ["[::1]:3310", { host: "::1", port: 3310, label: "[::1]:3310" }],
    ["unix:/run/clamd.ctl", { path: "/run/clamd.ctl", label: "unix:/run/clamd.ctl" }],
  ])("is read from %s", (text, address) => {
    expect(parseClamdAddress(text)).toEqual(address);
  });

  it.each(["", ":3310", "host:0", "host:65536", "a:b", "unix:clamd.ctl", "::1", "h/p", "a b:1"])(
    "is not to be read in %j",
    (text) => expect(parseClamdAddress(text)).toBeUndefined(),
  );
});

import { describe, expect, it } from "vitest";
import { refusedAddress } from "../../../../../src/scanning/template/http/address-guard.ts";

const METADATA = "is link-local, or a cloud's metadata";

describe("the addresses that a template is never connected to", () => {
  it.each([
    "169.254.169.254",
    "169.254.0.1",
    "169.254.255.255",
    "fe80::1",
    "febf::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "::ffff:169.254.169.254",
    "::ffff:a9fe:a9fe",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::a9fe:a9fe",
    "::a9fe:a9fe",
    "::ffff:0:a9fe:a9fe",
    "2002:a9fe:a9fe::1",
  ])("are, whatever is allowed: %s", (address) => {
    expect(refusedAddress(address, "Any")).toBe(METADATA);
    expect(refusedAddress(address, "PublicOnly")).toBe(METADATA);
  });

  const inside = [
    ...["127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "0.0.0.0"],
    ...["::1", "::", "fd00::1", "fc00::1", "::ffff:127.0.0.1", "64:ff9b::10.0.0.1"],
    ...["::7f00:1", "64:ff9b:1::a00:1", "2002:a00:1::1", "fec0::1"],
    ...["224.0.0.1", "255.255.255.255", "ff02::1"],
  ];
  it.each(inside)("are, where only public ones are allowed: %s", (address) => {
    expect(refusedAddress(address, "PublicOnly")).toBe("is not public");
  });

  it.each(inside)("are not, where any are allowed: %s", (address) => {
    expect(refusedAddress(address, "Any")).toBeUndefined();
  });

  it.each(["8.8.8.8", "2606:4700::1111", "169.253.255.255", "169.255.0.1", "::ffff:8.8.8.8"])(
    "are not public ones: %s",
    (address) => {
      expect(refusedAddress(address, "PublicOnly")).toBeUndefined();
    },
  );

  it.each(["", "localhost", "1.2.3.4.5", "[::1]"])("are not what is none: %j", (text) => {
    expect(refusedAddress(text, "Any")).toBeDefined();
  });
});

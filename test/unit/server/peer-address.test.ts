import { expect, it } from "vitest";
import { peerAddress } from "../../../src/server/peer-address.ts";

it.each([
  ["192.0.2.7", "192.0.2.7"],
  ["::ffff:192.0.2.7", "192.0.2.7"],
  ["::FFFF:192.0.2.7", "192.0.2.7"],
  ["::ffff:c000:207", "192.0.2.7"],
  ["0:0:0:0:0:ffff:c000:207", "192.0.2.7"],
  ["2001:DB8:0:0::1", "2001:db8::1"],
  ["::1", "::1"],
  ["fe80::1%eth0", "fe80::1%eth0"],
  ["FE80:0::1%eth0", "fe80::1%eth0"],
  ["", ""],
  ["nonsense", "nonsense"],
])("writes %s as %s", (address, expected) => {
  expect(peerAddress(address)).toBe(expected);
});

import { describe, expect, it } from "vitest";
import { AddressRanges } from "../../../src/addresses/index.ts";

describe("AddressRanges", () => {
  const ranges = new AddressRanges(["10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "::1"]);

  it.each(["10.255.0.1", "::ffff:10.0.0.1", "192.0.2.7", "2001:db8:1::1", "2001:DB8::0:1", "::1"])(
    "have %s",
    (address) => {
      expect(ranges.has(address)).toBe(true);
    },
  );

  it.each(["11.0.0.1", "192.0.2.8", "2001:db9::1", "::2", "", "nonsense", "010.0.0.1"])(
    "do not have %j",
    (address) => {
      expect(ranges.has(address)).toBe(false);
    },
  );

  it("are empty, and have nothing, without networks", () => {
    const none = new AddressRanges([]);
    expect([none.isEmpty, none.has("10.0.0.1"), ranges.isEmpty]).toEqual([true, false, false]);
  });

  it.each(["example.com", "10.0.0.0/33", "::/129", "10.0.0.0/x"])(
    "cannot be made of %s",
    (cidr) => {
      expect(() => new AddressRanges([cidr])).toThrow();
    },
  );
});

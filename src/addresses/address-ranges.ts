import { BlockList, isIPv6 } from "node:net";

/** Addresses and networks in CIDR form. */
export class AddressRanges {
  readonly #list = new BlockList();
  readonly isEmpty: boolean;

  /** Throws on what is no address or network. */
  constructor(cidrs: readonly string[]) {
    this.isEmpty = cidrs.length === 0;
    for (const cidr of cidrs) {
      const [address = "", prefix] = cidr.split("/");
      const family = familyOf(address);
      const whole = family === "ipv6" ? 128 : 32;
      this.#list.addSubnet(address, prefix === undefined ? whole : Number(prefix), family);
    }
  }

  /** An IPv4 address that is mapped into IPv6 counts as itself; what is no address is in no range. */
  has(address: string): boolean {
    return !this.isEmpty && this.#list.check(address, familyOf(address));
  }
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIPv6(address) ? "ipv6" : "ipv4";
}

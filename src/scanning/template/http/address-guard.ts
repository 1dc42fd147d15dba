import ipaddr from "ipaddr.js";

export type AllowedAddresses = "Any" | "PublicOnly";

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/**
 * Where clouds tell an instance its credentials, and other addresses of the link: no scanner is
 * there, and a template must not be the way to them.
 */
const METADATA = [
  ...["169.254.0.0/16", "fe80::/10", "fd00:ec2::/32", "fd20:ce::/32"],
  // Alibaba Cloud, Azure, Oracle Cloud.
  ...["100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32"],
].map((network) => ipaddr.parseCIDR(network));

/** RFC 3879: private networks of the past, which the library takes for public. */
const SITE_LOCAL = ipaddr.parseCIDR("fec0::/10");

/**
 * Addresses of IPv6 that stand for one of IPv4, and the byte at which that begins: compatible and
 * mapped (RFC 4291), translated (RFC 6052, 6145, 8215), 6to4 (RFC 3056).
 */
const EMBEDDING = (
  [
    ["::/96", 12],
    ["::ffff:0:0/96", 12],
    ["::ffff:0:0:0/96", 12],
    ["64:ff9b::/96", 12],
    ["64:ff9b:1::/48", 12],
    ["2002::/16", 2],
  ] as const
).map(([network, at]) => ({ network: ipaddr.parseCIDR(network), at }));

/** Whether a host is an address as it stands. */
export function isAddress(host: string): boolean {
  return ipaddr.isValid(host);
}

/** Why an address must not be connected to; undefined when it may be. */
export function refusedAddress(text: string, allowed: AllowedAddresses): string | undefined {
  if (!ipaddr.isValid(text)) return "is no address";
  const address = plain(ipaddr.parse(text));
  if (METADATA.some((network) => isIn(address, network))) {
    return "is link-local, or a cloud's metadata";
  }
  const isPublic = address.range() === "unicast" && !isIn(address, SITE_LOCAL);
  return allowed === "PublicOnly" && !isPublic ? "is not public" : undefined;
}

function isIn(address: Address, [network, bits]: [Address, number]): boolean {
  return network.kind() === address.kind() && address.match([network, bits]);
}

/** The IPv4 address within one of IPv6, where a gateway or the system would connect to that. */
function plain(address: Address): Address {
  const found = EMBEDDING.find(({ network }) => isIn(address, network));
  if (found === undefined) return address;
  return new ipaddr.IPv4(address.toByteArray().slice(found.at, found.at + 4));
}

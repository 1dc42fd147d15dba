import ipaddr from "ipaddr.js";

export type AllowedAddresses = "Any" | "PublicOnly";

/**
 * Where clouds tell an instance its credentials, and other addresses of the link: no scanner is
 * there, and a template must not be the way to them.
 */
const METADATA = [
  ...["169.254.0.0/16", "fe80::/10", "fd00:ec2::/32", "fd20:ce::/32"],
  // Alibaba Cloud, Azure, Oracle Cloud.
  ...["100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32"],
].map((network) => ipaddr.parseCIDR(network));

/** Whether a host is an address as it stands. */
export function isAddress(host: string): boolean {
  return ipaddr.isValid(host);
}

/** Why an address must not be connected to; undefined when it may be. */
export function refusedAddress(text: string, allowed: AllowedAddresses): string | undefined {
  if (!ipaddr.isValid(text)) return "is no address";
  const address = plain(ipaddr.parse(text));
  const isMetadata = METADATA.some(
    ([network, bits]) => network.kind() === address.kind() && address.match([network, bits]),
  );
  if (isMetadata) return "is link-local, or a cloud's metadata";
  if (allowed === "PublicOnly" && address.range() !== "unicast") return "is not public";
  return undefined;
}

/** The IPv4 address within one of IPv6, where a gateway or the system would connect to that. */
function plain(address: ipaddr.IPv4 | ipaddr.IPv6): ipaddr.IPv4 | ipaddr.IPv6 {
  if (address.kind() === "ipv4") return address;
  const v6 = address as ipaddr.IPv6;
  if (v6.isIPv4MappedAddress()) return v6.toIPv4Address();
  const embeds = ["rfc6145", "rfc6052"].includes(v6.range());
  return embeds ? new ipaddr.IPv4(v6.toByteArray().slice(12)) : v6;
}

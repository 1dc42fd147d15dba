import { isIPv6 } from "node:net";

const MAPPED = /^::ffff:(?:(\d+\.\d+\.\d+\.\d+)|([0-9a-f]{1,4}):([0-9a-f]{1,4}))$/;

/**
 * One spelling for each address, so that limits and networks cannot be escaped by another: IPv6 as
 * RFC 5952 writes it, and an IPv4 address as such, also where a dual-stack listener or a proxy maps
 * it into IPv6. What is no address stays as it is.
 */
export function peerAddress(address: string): string {
  if (!isIPv6(address)) return address;
  const [bare = "", zone] = address.split("%", 2);
  const canonical = MAPPED.test(bare) ? bare : new URL(`http://[${bare}]`).hostname.slice(1, -1);
  const [, dotted, high, low] = MAPPED.exec(canonical) ?? [];
  if (dotted !== undefined) return dotted;
  if (high !== undefined && low !== undefined) return [...octets(high), ...octets(low)].join(".");
  return zone === undefined ? canonical : `${canonical}%${zone}`;
}

function octets(group: string): [number, number] {
  const value = Number.parseInt(group, 16);
  return [value >> 8, value & 0xff];
}

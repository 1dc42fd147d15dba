const octet = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const ipv4 = new RegExp(`^${octet}(?:\\.${octet}){3}$`);
const ipv4Mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/;
// 45 characters hold the longest form of an address, the brackets come on top.
const maxLength = 47;

/**
 * An address in its one canonical form (RFC 5952), so that equal addresses are equal strings; an
 * IPv4 address mapped into IPv6 becomes IPv4. Undefined for anything else: empty, a name, a list, a
 * port, a zone, an octet with leading zeros.
 */
export function canonicalAddress(value: string): string | undefined {
  if (value.length > maxLength) return undefined;
  const address = value.trim().replace(/^\[(.*)\]$/, "$1");
  if (ipv4.test(address)) return address;
  if (!/^[0-9a-f:.]+$/i.test(address) || !URL.canParse(`icap://[${address}]`)) return undefined;
  return unmapped(new URL(`icap://[${address}]`).hostname.slice(1, -1));
}

function unmapped(address: string): string {
  const [, high, low] = ipv4Mapped.exec(address) ?? [];
  if (high === undefined || low === undefined) return address;
  const [upper, lower] = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return [upper >> 8, upper & 0xff, lower >> 8, lower & 0xff].join(".");
}

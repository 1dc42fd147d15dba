import { isIP } from "node:net";
import { parse } from "tldts";

const MAX_CHARS = 253;
/** What most names are already; the last label of an address, and of no domain, is a number. */
const normal = /^(?:[a-z0-9_-]{1,63}\.)*[a-z_-][a-z0-9_-]{0,62}$/;
/** Characters that would end the host of a URL, or that no host has. */
const notOfHosts = /[\s/?#@\\:[\]%<>^|"*]/;

/**
 * The one form of a host name or an address: lower case, Punycode, without a trailing dot or the
 * brackets of an IPv6 address. Undefined when it is neither.
 */
export function hostName(text: string): string | undefined {
  if (text.length <= MAX_CHARS && normal.test(text)) return text;
  // Four bytes of UTF-8 make one of the characters of an IDN, at most.
  if (text.length > 4 * MAX_CHARS) return undefined;
  const bare = text.startsWith("[") && text.endsWith("]") ? text.slice(1, -1) : text;
  if (isIP(bare) === 6) return addressOf6(bare);
  const undotted = bare.endsWith(".") ? bare.slice(0, -1) : bare;
  if (undotted === "" || undotted.includes("..") || notOfHosts.test(undotted)) return undefined;
  const name = URL.parse(`http://${undotted}/`)?.hostname;
  return name === undefined || name.startsWith(".") || name.length > MAX_CHARS ? undefined : name;
}

/** An IPv4 address in the clothes of IPv6 (RFC 4291 §2.5.5.2) leads to the same host as without. */
function addressOf6(text: string): string | undefined {
  const address = URL.parse(`http://[${text}]/`)?.hostname.slice(1, -1);
  const [, high = "", low = ""] = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/.exec(address ?? "") ?? [];
  if (high === "") return address;
  const bytes = [high, low].flatMap((part) => {
    const value = Number.parseInt(part, 16);
    return [value >> 8, value & 0xff];
  });
  return bytes.join(".");
}

/** Whether a name in the form of `hostName` is an address, which has nothing above it. */
export function isAddress(name: string): boolean {
  return name.includes(":") || (/\d$/.test(name) && isIP(name) !== 0);
}

/** Of a host with more labels, those nearest to the registrable domain count. */
const MAX_DOMAINS = 16;

/**
 * A name in the form of `hostName` and the domains above it, down to the one that can be
 * registered: `a.b.example.co.uk`, `b.example.co.uk`, `example.co.uk`. At most 16.
 */
export function domainsOf(name: string): string[] {
  if (isAddress(name)) return [name];
  const { domain } = parse(name, { extractHostname: false, validateHostname: false });
  const registrable = domain ?? name;
  const domains = [registrable];
  for (
    let dot = name.length - registrable.length - 1;
    dot > 0 && domains.length < MAX_DOMAINS - 1;
  ) {
    const before = name.lastIndexOf(".", dot - 1);
    domains.unshift(name.slice(before + 1));
    dot = before;
  }
  return [...new Set([name, ...domains])];
}

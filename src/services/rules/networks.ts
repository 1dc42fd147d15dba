import ipaddr from "ipaddr.js";

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Network = readonly [Address, number];

/** Rules name networks literally, so the memory is bounded by the configuration; see `remember`. */
const networks = new Map<string, Network>();
const MAX_REMEMBERED = 4096;

/** An address or a network in CIDR form; undefined for a text that is neither. */
export function parseNetwork(text: string): Network | undefined {
  const known = networks.get(text);
  if (known !== undefined) {
    return known;
  }
  const network = readNetwork(text);
  if (network !== undefined) {
    if (networks.size >= MAX_REMEMBERED) {
      networks.clear();
    }
    networks.set(text, network);
  }
  return network;
}

export function isNetwork(text: string): boolean {
  return parseNetwork(text) !== undefined;
}

function readNetwork(text: string): Network | undefined {
  const [base = "", bits, ...rest] = text.split("/");
  const address = readAddress(base);
  if (address === undefined || rest.length > 0) {
    return undefined;
  }
  const widest = address.kind() === "ipv4" ? 32 : 128;
  if (bits === undefined) {
    return [address, widest];
  }
  const prefix = /^(0|[1-9][0-9]{0,2})$/.test(bits) ? Number(bits) : Number.POSITIVE_INFINITY;
  return prefix <= widest ? [address, prefix] : undefined;
}

/** Only the four-part decimal form of IPv4: `010.1` means different things to different programs. */
function readAddress(text: string): Address | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) {
    return ipaddr.IPv4.parse(text);
  }
  return text.includes(":") && !text.includes("%") && ipaddr.IPv6.isValid(text)
    ? ipaddr.IPv6.parse(text)
    : undefined;
}

/** Whether the address lies in the network. An IPv4 address in IPv6 form counts as IPv4. */
export function isInNetwork(address: string, network: Network): boolean {
  const parsed = readAddress(address);
  if (parsed === undefined) {
    return false;
  }
  const plain =
    parsed instanceof ipaddr.IPv6 && parsed.isIPv4MappedAddress() ? parsed.toIPv4Address() : parsed;
  const [base, bits] = network;
  if (plain instanceof ipaddr.IPv4) {
    return base instanceof ipaddr.IPv4 && plain.match(base, bits);
  }
  return base instanceof ipaddr.IPv6 && plain.match(base, bits);
}

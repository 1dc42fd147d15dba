import { isIP, type LookupFunction } from "node:net";

/**
 * A look-up that knows one answer, so that connections go to an address while their `Host` and the
 * server name of TLS stay the name. Undefined without addresses: the system is asked.
 */
export function pinnedLookup(addresses: readonly string[]): LookupFunction | undefined {
  const known = addresses.map((address) => ({ address, family: isIP(address) }));
  const [first] = known;
  if (first === undefined) return undefined;
  return (_name, { all }, callback) => {
    if (all) callback(null, known);
    else callback(null, first.address, first.family);
  };
}

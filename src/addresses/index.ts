/**
 * IP addresses: which of them are meant by a list of networks.
 *
 * Must not know: whose addresses they are, or what follows from it.
 *
 * @module
 */
export { AddressRanges } from "./address-ranges.ts";

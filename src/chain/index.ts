/**
 * Chain: another ICAP server as a scanner. It sends entities as REQMOD or RESPMOD by our own ICAP
 * client and reads what comes back as a verdict.
 *
 * It must not know services and their policy, nor the server that Sluice itself is: the other one
 * may be of any make, and is trusted with no more than a verdict.
 *
 * @module
 */
export { createIcapScanner, type IcapScannerOptions } from "./icap-scanner.ts";
export type { SharedFact } from "./outgoing-message.ts";

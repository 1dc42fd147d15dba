/**
 * Client: asks an ICAP server, over TCP or TLS. For the command line, for tests and for chaining.
 * It must not know what a verdict is, nor anything of the server that Sluice itself is.
 *
 * @module
 */
export type { BodySource } from "./body-reader.ts";
export { ClientErrorCode, IcapClientError } from "./client-error.ts";
export { IcapClientPool } from "./client-pool.ts";
export type { IcapAnswer } from "./exchange.ts";
export {
  type HttpMessage,
  IcapClient,
  type IcapClientOptions,
  type ServiceFacts,
} from "./icap-client.ts";
export { parseServiceUrl, type ServiceUrl } from "./service-url.ts";

import { type IcapError, icapError } from "../protocol/index.ts";
import { RefusalReason } from "../telemetry/index.ts";

/** What a client is told whose connection is not served. */
export function refusalError(reason: RefusalReason): IcapError {
  if (reason === RefusalReason.Draining) return icapError("ICAP_ERR_DRAINING");
  return reason === RefusalReason.MaxConnections
    ? icapError("ICAP_ERR_TOO_MANY_CONNECTIONS")
    : icapError("ICAP_ERR_TOO_MANY_CLIENT_CONNECTIONS");
}

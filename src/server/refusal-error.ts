import { type IcapError, icapError } from "../protocol/index.ts";
import { Cause, RefusalReason } from "../telemetry/index.ts";

/** What a client is told whose connection is not served, and as what it is recorded. */
export function refusalError(reason: RefusalReason): { error: IcapError; cause: Cause } {
  if (reason === RefusalReason.Draining) {
    return { error: icapError("ICAP_ERR_DRAINING"), cause: Cause.Draining };
  }
  const inAll = reason === RefusalReason.MaxConnections;
  const code = inAll ? "ICAP_ERR_TOO_MANY_CONNECTIONS" : "ICAP_ERR_TOO_MANY_CLIENT_CONNECTIONS";
  return { error: icapError(code), cause: Cause.Refused };
}

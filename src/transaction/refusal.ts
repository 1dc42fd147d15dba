import { type IcapRequest, icapError, shown } from "../protocol/index.ts";
import { failedWith, type Outcome, type Service } from "../services/index.ts";
import { Cause } from "../telemetry/index.ts";

/** The outcome of a message that no service looks at; undefined when one does. */
export function refusalOf(
  { method, uri }: IcapRequest,
  service: Service | undefined,
  peer: string,
): Outcome | undefined {
  if (service === undefined) {
    return failedWith(icapError("ICAP_ERR_SERVICE_NOT_FOUND", shown(uri.path)), Cause.Protocol);
  }
  if (!service.admits(peer)) {
    return failedWith(icapError("ICAP_ERR_CLIENT_NOT_ALLOWED"), Cause.Refused);
  }
  if (method === "OPTIONS" || service.methods.includes(method)) return undefined;
  return failedWith(icapError("ICAP_ERR_METHOD_NOT_ALLOWED", method), Cause.Protocol);
}

import { type IcapError, type IcapRequest, icapError, shown } from "../protocol/index.ts";
import type { Service } from "../services/index.ts";

/** Why no service looks at a message; undefined when one does. */
export function refusalOf(
  { method, uri }: IcapRequest,
  service: Service | undefined,
  peer: string,
): IcapError | undefined {
  if (service === undefined) return icapError("ICAP_ERR_SERVICE_NOT_FOUND", shown(uri.path));
  if (!service.admits(peer)) return icapError("ICAP_ERR_CLIENT_NOT_ALLOWED");
  if (method === "OPTIONS" || service.methods.includes(method)) return undefined;
  return icapError("ICAP_ERR_METHOD_NOT_ALLOWED", method);
}

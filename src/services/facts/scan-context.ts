import { type Fields, fieldValue, fieldValues } from "../../protocol/index.ts";
import type { ClientIdentity, ScanContext } from "../../scanning/index.ts";
import type { Message } from "../message.ts";
import type { MessageSource } from "../service.ts";
import { decodeIdentity } from "./identity.ts";

export interface ScanContextOptions {
  readonly service: string;
  /** Scanners may know who the user is: the service says so. */
  readonly sharesIdentity: boolean;
  /** Who the user is may be recorded: the service says so. */
  readonly recordsIdentity: boolean;
}

/** What scanners may know about a message. */
export function scanContextOf(
  message: Message,
  source: MessageSource,
  options: ScanContextOptions,
  signal: AbortSignal,
): ScanContext {
  const isRequest = message.icap.method === "REQMOD";
  return {
    transactionId: source.incidentId,
    service: options.service,
    direction: isRequest ? "reqmod" : "respmod",
    url: message.url,
    // The final dot of a complete name makes no other host of it.
    host: message.host?.replace(/\.$/, ""),
    httpMethod: message.requestLine?.method,
    httpStatus: isRequest ? undefined : message.statusLine?.status,
    identity: options.sharesIdentity ? identityOf(message) : undefined,
    recipient: options.recordsIdentity ? identityOf(message) : undefined,
    signal,
    ...traceOf(message),
  };
}

function identityOf(message: Message): ClientIdentity {
  const { clientIp, user, groups } = decodeIdentity(message.icap.fields);
  return {
    ...(clientIp !== undefined && { address: clientIp }),
    ...(user !== undefined && { user: user.name }),
    ...(groups.length > 0 && { groups }),
  };
}

type Trace = Pick<ScanContext, "traceparent" | "tracestate">;

const NO_TRACE: Trace = {};

/** The trace that the ICAP client is in, or that its own client began, in this order. */
function traceOf(message: Message): Trace {
  return traceIn(message.icap.fields) ?? traceIn(message.request.fields) ?? NO_TRACE;
}

// W3C Trace Context §3.2: lower case, no field of zeros. A version above 00 may go on behind it.
const TRACEPARENT =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:$|(?<!^00.{53})-)/;
/** §3.3: what is longer need not be passed on. */
const TRACESTATE = /^[\x20-\x7e]{1,512}$/;

function traceIn(fields: Fields): Trace | undefined {
  const traceparent = fieldValue(fields, "traceparent");
  if (traceparent === undefined || !TRACEPARENT.test(traceparent)) return undefined;
  // Sent twice it belongs to nobody's trace (§3.2).
  if (fieldValues(fields, "traceparent").length > 1) return undefined;
  const tracestate = fieldValues(fields, "tracestate").join(",");
  return { traceparent, ...(TRACESTATE.test(tracestate) && { tracestate }) };
}

import { hash, randomBytes } from "node:crypto";
import type { ScanContext } from "../scanner.ts";

const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-([0-9a-f]{2})(?:$|-)/;
/** A span's id is unique, not secret: this process, and a number. */
const SPANS_OF_THIS_PROCESS = randomBytes(4).toString("hex");
let spans = 0;
const TRACE_ID_CHARACTERS = 32;

/**
 * `traceparent` of a request to a scanner (W3C Trace Context): the trace of the transaction with a span
 * of its own. A transaction in no trace begins one, not sampled, that is the same for all its scanners
 * and is known by the transaction's id.
 */
export function traceparentOf({
  traceparent,
  transactionId,
}: Pick<ScanContext, "traceparent" | "transactionId">): string {
  const spanId = nextSpanId();
  const [, traceId, flags] = TRACEPARENT.exec(traceparent ?? "") ?? [];
  if (traceId !== undefined && flags !== undefined) return `00-${traceId}-${spanId}-${flags}`;
  return `00-${hash("sha256", transactionId, "hex").slice(0, TRACE_ID_CHARACTERS)}-${spanId}-00`;
}

function nextSpanId(): string {
  spans = (spans + 1) >>> 0;
  // Zeros alone would be no id.
  return SPANS_OF_THIS_PROCESS + (spans || 1).toString(16).padStart(8, "0");
}

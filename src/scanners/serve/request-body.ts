import type { IncomingMessage } from "node:http";
import { ScanProblem } from "./scan-problem.ts";

/**
 * The length that a request declares: undefined when it is chunked, 0 when it has no body at all.
 * Node has refused what contradicts itself (RFC 9112 §6.3).
 */
export function declaredBytes({ headers }: IncomingMessage): number | undefined {
  if (headers["transfer-encoding"] !== undefined) return undefined;
  return Number(headers["content-length"] ?? 0);
}

/** Refuses a body of which the head says that it cannot be scanned, before a byte of it is read. */
export function checkBody(request: IncomingMessage, maxBytes: number): void {
  // RFC 9112 §6.1; Node undoes the chunks alone, and what is left would be judged in its coding.
  if ((request.headers["transfer-encoding"] ?? "chunked").toLowerCase() !== "chunked") {
    throw new ScanProblem(400, "the only transfer coding is chunked");
  }
  const coding = request.headers["content-encoding"] ?? "identity";
  if (coding.toLowerCase() !== "identity") {
    throw new ScanProblem(415, "scan/v1 takes content without a content coding");
  }
  if ((declaredBytes(request) ?? 0) > maxBytes) throw tooLarge(maxBytes);
}

/** The bytes of a body, counted against the limit before they are handed out. */
export async function* limitedBody(
  request: IncomingMessage,
  maxBytes: number,
): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of arriving(request)) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw tooLarge(maxBytes);
    yield chunk;
  }
}

async function* arriving(request: IncomingMessage): AsyncGenerator<Buffer> {
  try {
    // Whoever stops reading gives an answer first; the connection must outlive that.
    yield* request.iterator({ destroyOnReturn: false });
  } catch (cause) {
    throw new ScanProblem(400, "the body ended before its time", { cause });
  }
}

function tooLarge(maxBytes: number): ScanProblem {
  return new ScanProblem(413, `more than the ${maxBytes} bytes that this scanner takes`);
}

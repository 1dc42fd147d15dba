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

/** Bodies up to this are awaited as a whole before they are judged. */
const MAX_WHOLE_BYTES = 256 * 1024;

export interface RequestBodyOptions {
  readonly maxBytes: number;
  /** Called once, when the sender may go on. */
  readonly onBegin: () => void;
  /** Told of bytes as they come. */
  readonly onBytes: (bytes: number) => void;
}

/** The body of a request, read in one of two ways; nothing is read before. */
export class RequestBody {
  readonly #request: IncomingMessage;
  readonly #options: RequestBodyOptions;

  constructor(request: IncomingMessage, options: RequestBodyOptions) {
    this.#request = request;
    this.#options = options;
  }

  /** As it arrives, counted against the limit before it is handed out. */
  async *arriving(): AsyncGenerator<Buffer> {
    const { maxBytes, onBegin, onBytes } = this.#options;
    onBegin();
    let bytes = 0;
    try {
      // Whoever stops reading gives an answer first; the connection must outlive that.
      for await (const piece of this.#request.iterator({ destroyOnReturn: false })) {
        bytes += piece.length;
        if (bytes > maxBytes) throw tooLarge(maxBytes);
        onBytes(piece.length);
        yield piece;
      }
    } catch (cause) {
      throw cause instanceof ScanProblem ? cause : endedEarly(cause);
    }
  }

  /**
   * All of a small body of known length, which Node counts; undefined for others. A listener in place
   * of an iterator: two pieces are no reason for a dozen promises.
   */
  whole(): Promise<Buffer[]> | undefined {
    const request = this.#request;
    const { onBegin, onBytes } = this.#options;
    if ((declaredBytes(request) ?? Number.POSITIVE_INFINITY) > MAX_WHOLE_BYTES) return undefined;
    onBegin();
    return new Promise((resolve, reject) => {
      const pieces: Buffer[] = [];
      request
        .on("data", (piece: Buffer) => {
          onBytes(piece.length);
          pieces.push(piece);
        })
        .once("end", () => resolve(pieces))
        .once("close", () => {
          if (!request.readableEnded) reject(endedEarly(request.errored));
        });
    });
  }
}

function endedEarly(cause: unknown): ScanProblem {
  return new ScanProblem(400, "the body ended before its time", { cause });
}

function tooLarge(maxBytes: number): ScanProblem {
  return new ScanProblem(413, `more than the ${maxBytes} bytes that this scanner takes`);
}

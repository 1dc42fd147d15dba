import type { IncomingMessage, ServerResponse } from "node:http";

/** An answer that is at hand as a whole. */
export interface Page {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  /** `Cache-Control`; without this member nothing may be kept, when it is undefined it is not said. */
  readonly kept?: string | undefined;
}

/** How long a client may go on sending after its answer; ended sooner, it could lose the answer. */
const LINGER_MS = 2000;

export function answer(request: IncomingMessage, response: ServerResponse, page: Page): void {
  const { status, contentType, body } = page;
  const kept = "kept" in page ? page.kept : "no-store";
  response.writeHead(status, {
    "Content-Type": contentType,
    "Content-Length": Buffer.byteLength(body),
    ...(kept !== undefined && { "Cache-Control": kept }),
    "X-Content-Type-Options": "nosniff",
  });
  linger(request);
  response.end(body);
}

/** Node reads on what is still sent, and throws it away; this puts an end to it. */
export function linger(request: IncomingMessage): void {
  if (request.complete) return;
  const end = (): void => {
    if (!request.complete) request.socket.destroy();
  };
  setTimeout(end, LINGER_MS).unref();
}

export function json(status: number, body: string): Page {
  return { status, contentType: "application/json", body };
}

export function text(status: number, line: string): Page {
  return { status, contentType: "text/plain; charset=utf-8", body: `${line}\n` };
}

import type { Readable } from "node:stream";
import { type Dispatcher, Pool } from "undici";
import type { Reply } from "./answer.ts";
import { dropUnflushed, watchUploads } from "./unflushed-uploads.ts";

/** How to reach an endpoint and to prove who asks; made of secrets, so never logged. */
export interface ScanV1Credentials {
  readonly tls?:
    | {
        /** PEM. Left out: the authorities that Node trusts. */
        readonly ca?: string;
        readonly certificate?: { readonly cert: string; readonly key: string };
        readonly serverName?: string;
        readonly minVersion: "TLSv1.2" | "TLSv1.3";
      }
    | undefined;
  /** A field of every request, for example `authorization`. */
  readonly auth?: { readonly name: string; readonly value: string } | undefined;
}

export interface HttpRequest {
  readonly method: "GET" | "POST" | "DELETE";
  /** Below the endpoint's base URL, or a whole path when it begins with it. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer | Readable | undefined;
  readonly signal: AbortSignal;
}

const CONNECT_TIMEOUT_MS = 2000;
/** Below what common servers grant (uvicorn and Node: 5 s), so that they do not close on a request. */
const KEEP_ALIVE_MS = 4000;
const MAX_JSON_BYTES = 1024 * 1024;
const MAX_HEAD_BYTES = 16 * 1024;
/** What is read of an answer without a use, to keep its connection. */
const MAX_UNUSED_BYTES = 64 * 1024;

/**
 * HTTP/1.1 connections to one origin. Follows no redirect. Names are looked up anew for each
 * connection; idle ones are closed after a few seconds, so that a changed address is seen.
 */
export class Connection {
  readonly #pool: Pool;
  readonly #auth: Record<string, string>;

  constructor(origin: string, connections: number, { tls, auth }: ScanV1Credentials) {
    watchUploads();
    this.#auth = auth === undefined ? {} : { [auth.name.toLowerCase()]: auth.value };
    this.#pool = new Pool(origin, {
      connections,
      allowH2: false,
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: MAX_HEAD_BYTES,
      // Every request has a signal that ends it in time.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: {
        timeout: CONNECT_TIMEOUT_MS,
        ...(tls?.ca !== undefined && { ca: tls.ca }),
        ...tls?.certificate,
        ...(tls?.serverName !== undefined && { servername: tls.serverName }),
        ...(tls !== undefined && { minVersion: tls.minVersion }),
      },
    });
  }

  /** Rejects when no whole answer comes, or one beyond the limits. */
  async exchange(request: HttpRequest): Promise<Reply> {
    const { method, path, signal } = request;
    // A view of its own, so that the connection of this upload can be told from others of the bytes.
    const body = Buffer.isBuffer(request.body) ? request.body.subarray() : request.body;
    try {
      const response = await this.#pool.request({
        method,
        path,
        signal,
        headers: { ...request.headers, ...this.#auth },
        body: body ?? null,
      });
      const { statusCode: status, headers } = response;
      return { status, headers, json: await jsonOf(response) };
    } finally {
      if (Buffer.isBuffer(body)) dropUnflushed(body);
    }
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }
}

async function jsonOf(response: Dispatcher.ResponseData): Promise<Reply["json"]> {
  const { statusCode, headers, body } = response;
  const why = statusCode === 200 ? unlikeJson(headers) : "not read";
  if (why !== undefined) {
    await body.dump({ limit: MAX_UNUSED_BYTES });
    return { unreadable: why };
  }
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of body as AsyncIterable<Buffer>) {
    bytes += piece.length;
    // Leaving the loop ends the connection.
    if (bytes > MAX_JSON_BYTES) return { unreadable: `the answer is over ${MAX_JSON_BYTES} bytes` };
    pieces.push(piece);
  }
  return Buffer.concat(pieces, bytes).toString("utf8");
}

function unlikeJson(headers: Dispatcher.ResponseData["headers"]): string | undefined {
  const type = String(headers["content-type"] ?? "none").split(";", 1)[0] as string;
  if (type.trim().toLowerCase() !== "application/json") {
    return "the answer is not application/json";
  }
  return headers["content-encoding"] === undefined ? undefined : "the answer has a content coding";
}

import type { LookupFunction } from "node:net";
import type { Readable } from "node:stream";
import { Pool } from "undici";
import type { ScannerCredentials } from "../remote-scanner.ts";
import { type Reply, type ReplyOptions, ReplyReader } from "./reply.ts";
import { dropUnflushed, watchUploads } from "./unflushed-uploads.ts";

export interface HttpRequest extends ReplyOptions {
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
const MAX_HEAD_BYTES = 16 * 1024;

/**
 * HTTP/1.1 connections to one origin. Follows no redirect. Idle ones are closed after a few seconds,
 * so that one address that stands for several replicas is seen to do so.
 */
export class Connection {
  readonly #pool: Pool;
  readonly #auth: Record<string, string> | undefined;

  /** @param lookup how the name of the origin becomes an address; left out: as the system has it */
  constructor(
    origin: string,
    connections: number,
    { tls, auth }: ScannerCredentials,
    lookup?: LookupFunction,
  ) {
    watchUploads();
    this.#auth = auth && { [auth.name.toLowerCase()]: auth.value };
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
        ...(lookup !== undefined && { lookup }),
        ...(tls?.ca !== undefined && { ca: tls.ca }),
        ...tls?.certificate,
        ...(tls?.serverName !== undefined && { servername: tls.serverName }),
        ...(tls !== undefined && { minVersion: tls.minVersion }),
      },
    });
  }

  /** Rejects when no whole answer comes, or one beyond the limits. */
  async exchange(request: HttpRequest): Promise<Reply> {
    const { method, path, headers, signal } = request;
    // A view of its own, so that the connection of this upload can be told from others of the bytes.
    const body = Buffer.isBuffer(request.body) ? request.body.subarray() : request.body;
    const reader = new ReplyReader(request, signal);
    try {
      this.#pool.dispatch(
        {
          method,
          path,
          headers: this.#auth === undefined ? headers : { ...headers, ...this.#auth },
          body: body ?? null,
        },
        reader,
      );
      return await reader.reply;
    } finally {
      if (Buffer.isBuffer(body)) dropUnflushed(body);
      // Whatever has come of it: a request that was never sent leaves it to its owner.
      else body?.destroy();
    }
  }

  /** Ends when the requests under way have ended; takes no new ones. */
  drain(): Promise<void> {
    return this.#pool.close();
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }
}

import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import type { Logger } from "../telemetry/index.ts";
import type { AdminTls } from "./admin-tls.ts";
import type { CacheApi } from "./cache-api.ts";
import { type AdminAnswer, type AdminSources, answerAdminRequest } from "./endpoints.ts";

export interface AdminServerOptions {
  /** Undefined: all addresses. */
  readonly host: string | undefined;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Left out: HTTP without TLS. */
  readonly tls?: AdminTls | undefined;
  readonly sources: AdminSources;
  /** Left out: there is none. */
  readonly api?: CacheApi | undefined;
  readonly logger: Logger;
}

/** Kubelet, Prometheus and a person or two; whoever opens more is not served. */
const maxConnections = 64;
const headTimeoutMs = 5000;
const requestTimeoutMs = 10_000;
const maxHeadBytes = 8192;
const maxBodyBytes = 16_384;
const limits = {
  maxHeaderSize: maxHeadBytes,
  headersTimeout: headTimeoutMs,
  requestTimeout: requestTimeoutMs,
  connectionsCheckingInterval: 1000,
};

/**
 * The HTTP side door: health and metrics, read only, without authentication; and the API, for those who
 * have a token.
 */
export class AdminServer {
  readonly #options: AdminServerOptions;
  readonly #server: Server | TlsServer;

  constructor(options: AdminServerOptions) {
    this.#options = options;
    this.#server = this.#create();
    this.#server.maxConnections = maxConnections;
  }

  /** Rejects with the error of `listen` when the address is not to be had. */
  async start(): Promise<void> {
    const { host, port } = this.#options;
    this.#server.listen({ port, ...(host === undefined ? {} : { host }) });
    await once(this.#server, "listening");
  }

  /** Where it listens, once started. */
  get address(): { readonly host: string; readonly port: number } {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new TypeError("not started");
    return { host: address.address, port: address.port };
  }

  /** Ends at once: whoever asks again is told by the refused connection. Safe to call twice. */
  async stop(): Promise<void> {
    this.#options.tls?.close();
    if (!this.#server.listening) return;
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }

  #create(): Server | TlsServer {
    const { tls, logger } = this.#options;
    const serve = (request: IncomingMessage, response: ServerResponse): void =>
      void this.#serve(request, response);
    if (tls === undefined) return createServer(limits, serve);
    const server = createTlsServer(
      { ...limits, ...tls.context, handshakeTimeout: headTimeoutMs },
      serve,
    );
    tls.follow(server, logger);
    return server;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = await this.#answer(request);
    // A body that nobody wanted is not waited for.
    const isUnread = !request.complete;
    response.writeHead(answer.status, {
      "Content-Type": answer.contentType,
      "Content-Length": Buffer.byteLength(answer.body),
      "Cache-Control": "no-store",
      "X-Content-Type-Options": "nosniff",
      ...answer.headers,
      ...(isUnread ? { Connection: "close" } : {}),
    });
    response.end(answer.body);
  }

  async #answer(request: IncomingMessage): Promise<AdminAnswer> {
    const { method = "", url = "", headers, socket } = request;
    const { sources, api, logger } = this.#options;
    try {
      if (api === undefined || !url.startsWith("/v1/"))
        return await answerAdminRequest(method, url, sources);
      return await api.answer({
        method,
        target: url,
        authorization: headers.authorization,
        contentType: headers["content-type"],
        peer: socket.remoteAddress ?? "",
        body: () => bodyOf(request),
      });
    } catch (err) {
      logger.error("admin request failed", { err });
      return { status: 500, contentType: "text/plain; charset=utf-8", body: "internal error\n" };
    }
  }
}

/** Undefined: there is more than the API takes. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBodyBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

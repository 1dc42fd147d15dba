import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Logger } from "../telemetry/index.ts";
import { type AdminAnswer, type AdminSources, answerAdminRequest } from "./endpoints.ts";

export interface AdminServerOptions {
  /** Undefined: all addresses. */
  readonly host: string | undefined;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly sources: AdminSources;
  readonly logger: Logger;
}

/** Kubelet, Prometheus and a person or two; whoever opens more is not served. */
const maxConnections = 64;
const headTimeoutMs = 5000;
const requestTimeoutMs = 10_000;
const maxHeadBytes = 8192;

/** The HTTP side door: health and metrics, read only, no authentication. */
export class AdminServer {
  readonly #options: AdminServerOptions;
  readonly #server: Server;

  constructor(options: AdminServerOptions) {
    this.#options = options;
    this.#server = createServer(
      {
        maxHeaderSize: maxHeadBytes,
        headersTimeout: headTimeoutMs,
        requestTimeout: requestTimeoutMs,
        connectionsCheckingInterval: 1000,
      },
      (request, response) => void this.#serve(request, response),
    );
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
    if (!this.#server.listening) return;
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url = "" } = request;
    const answer = await this.#answer(method, url);
    // No endpoint takes a body; one that is sent all the same is not waited for.
    const hasBody = request.headers["content-length"] ?? request.headers["transfer-encoding"];
    response.writeHead(answer.status, {
      "Content-Type": answer.contentType,
      "Content-Length": Buffer.byteLength(answer.body),
      "Cache-Control": "no-store",
      "X-Content-Type-Options": "nosniff",
      ...(answer.allow === undefined ? {} : { Allow: answer.allow }),
      ...(hasBody === undefined ? {} : { Connection: "close" }),
    });
    response.end(answer.body);
  }

  async #answer(method: string, target: string): Promise<AdminAnswer> {
    try {
      return await answerAdminRequest(method, target, this.#options.sources);
    } catch (err) {
      this.#options.logger.error("admin request failed", { err });
      return { status: 500, contentType: "text/plain; charset=utf-8", body: "internal error\n" };
    }
  }
}

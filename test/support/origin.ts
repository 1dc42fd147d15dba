import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Certificate } from "./certificate-authority.ts";

export interface ReceivedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

export type Answer = (request: ReceivedRequest, response: ServerResponse) => void;

/**
 * A web server on the loopback with the pages that a test gives it. It keeps what it received, so
 * that a test can tell what came through the proxy and what did not.
 */
export class Origin {
  readonly received: ReceivedRequest[] = [];
  readonly url: string;
  readonly #server: ReturnType<typeof createServer>;
  readonly #pages = new Map<string, Answer>();

  private constructor(server: ReturnType<typeof createServer>, url: string) {
    this.#server = server;
    this.url = url;
    server.on("request", (request, response) => {
      void this.#answer(request, response);
    });
  }

  static async start(certificate?: Certificate): Promise<Origin> {
    const server = certificate ? createTlsServer(certificate) : createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const url = certificate ? `https://origin.test:${port}` : `http://origin.test:${port}`;
    return new Origin(server, url);
  }

  /** Serves the body, or whatever the function does, under the path; returns the page's address. */
  page(path: string, content: Buffer | string | Answer, type = "application/octet-stream"): string {
    const answer: Answer =
      typeof content === "function"
        ? content
        : (_request, response) => {
            response.writeHead(200, {
              "Content-Type": type,
              "Content-Length": Buffer.byteLength(content),
            });
            response.end(content);
          };
    this.#pages.set(path, answer);
    return this.url + path;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url = "", headers } = request;
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk);
    } catch {
      return; // The proxy gave up in the middle: nothing was received and nobody waits.
    }
    const received = { method, url, headers, body: Buffer.concat(chunks) };
    this.received.push(received);
    const answer = this.#pages.get(url.split("?")[0] ?? "");
    if (answer) answer(received, response);
    else response.writeHead(404).end();
  }
}

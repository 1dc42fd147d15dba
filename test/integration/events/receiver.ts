import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TlsOptions } from "node:tls";

export interface ReceivedEvent {
  readonly method: string;
  readonly path: string;
  readonly type: string;
  readonly authorization: string | undefined;
  readonly event: Readonly<Record<string, unknown>>;
}

/** Somebody who takes events, or not. */
export class Receiver {
  readonly received: ReceivedEvent[] = [];
  /** One for each request, in this order; the last one for all that follow. */
  answers: readonly ((response: ServerResponse) => void)[] = [status(204)];
  readonly #server: ReturnType<typeof createServer>;
  readonly #scheme: string;

  private constructor(tls: TlsOptions | undefined) {
    const onRequest = (request: IncomingMessage, response: ServerResponse): void =>
      void this.#take(request, response).catch(() => response.destroy());
    this.#scheme = tls === undefined ? "http" : "https";
    this.#server = tls === undefined ? createServer(onRequest) : createTlsServer(tls, onRequest);
  }

  static async start(tls?: TlsOptions): Promise<Receiver> {
    const receiver = new Receiver(tls);
    receiver.#server.listen(0, "127.0.0.1");
    await once(receiver.#server, "listening");
    return receiver;
  }

  get url(): string {
    return `${this.#scheme}://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook?a=b`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, "close");
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const { method = "", url = "", headers } = request;
    const at = Math.min(this.received.length, this.answers.length - 1);
    this.received.push({
      method,
      path: url,
      type: headers["content-type"] ?? "",
      authorization: headers.authorization,
      event: JSON.parse(Buffer.concat(pieces).toString()) as ReceivedEvent["event"],
    });
    this.answers[at]?.(response);
  }
}

export function status(code: number, headers: Record<string, string> = {}) {
  return (response: ServerResponse): void => void response.writeHead(code, headers).end();
}

/** Says nothing. */
export const silence = (): void => {};

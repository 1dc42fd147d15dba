import { once } from "node:events";
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { TlsOptions } from "node:tls";

export interface ReceivedScan {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Empty when the script answered before it read. */
  readonly body: Buffer;
}

/** Where a scanner listens; several on one port of the loopback are replicas of one name. */
export interface ScannerAddress {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
}

/** What the scanner does with one request that is not for `/v1/info`. */
export type ScannerScript = (
  request: IncomingMessage,
  response: ServerResponse,
) => void | Promise<void>;

/** A scanner over HTTP on the loopback that does what a test says, good or bad. */
export class FakeScanner {
  readonly received: ReceivedScan[] = [];
  /** What `/v1/info` answers; undefined: 404. */
  info: object | undefined = { protocol: "scan/v1", epoch: "fake-1" };
  script: ScannerScript = answers({ verdict: "clean" });
  readonly #sockets = new Set<Socket>();
  #server: ReturnType<typeof createServer> | undefined;
  readonly #host: string;
  #port: number;
  #isDown = false;
  readonly #tls: TlsOptions | undefined;

  private constructor(tls: TlsOptions | undefined, { host, port }: ScannerAddress) {
    this.#tls = tls;
    this.#host = host;
    this.#port = port;
  }

  static async start(
    script?: ScannerScript,
    tls?: TlsOptions,
    address: ScannerAddress = { host: "127.0.0.1", port: 0 },
  ): Promise<FakeScanner> {
    const scanner = new FakeScanner(tls, address);
    if (script !== undefined) scanner.script = script;
    await scanner.listen();
    return scanner;
  }

  get url(): string {
    return this.urlAt(this.#host);
  }

  /** Its URL for those who know it by another name. */
  urlAt(name: string): string {
    return `${this.#tls === undefined ? "http" : "https"}://${name}:${this.#port}`;
  }

  get port(): number {
    return this.#port;
  }

  /** Listens, again where it listened before. */
  async listen(): Promise<void> {
    const onRequest = (request: IncomingMessage, response: ServerResponse): void =>
      void this.#answer(request, response).catch(() => {}); // The client went away.
    const server =
      this.#tls === undefined ? createServer(onRequest) : createTlsServer(this.#tls, onRequest);
    server.on(this.#tls === undefined ? "connection" : "secureConnection", (socket: Socket) => {
      socket.on("error", () => {});
      if (this.#isDown) return void socket.destroy();
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    server.listen(this.#port, this.#host);
    await once(server, "listening");
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** Resets every connection, old and new, until `recover`; keeps its port, unlike `stop`. */
  crash(): void {
    this.#isDown = true;
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  recover(): void {
    this.#isDown = false;
  }

  /** Refuses connections from now on. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(server, "close");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url?.endsWith("/v1/info")) {
      if (this.info === undefined) response.writeHead(404).end();
      else json(response, 200, this.info);
      return;
    }
    const { method = "", url = "", headers } = request;
    const pieces: Buffer[] = [];
    const record = (): void => {
      this.received.push({ method, path: url, headers, body: Buffer.concat(pieces) });
    };
    if (readsFirst.has(this.script)) {
      for await (const piece of request) pieces.push(piece as Buffer);
      record();
    } else {
      record();
    }
    await this.script(request, response);
  }
}

const readsFirst = new WeakSet<ScannerScript>();

/** A script that has the whole request before it runs. */
export function afterUpload(script: ScannerScript): ScannerScript {
  readsFirst.add(script);
  return script;
}

/** Reads the request and gives a verdict document. */
export function answers(document: object, headers: Record<string, string> = {}): ScannerScript {
  return afterUpload((_request, response) => json(response, 200, document, headers));
}

/** Reads the request and gives a status without a document. */
export function answersStatus(status: number, headers: Record<string, string> = {}): ScannerScript {
  return afterUpload((_request, response) => {
    response.writeHead(status, headers).end();
  });
}

/** Reads the request and gives bytes of any kind with status 200. */
export function answersText(text: string, type = "application/json"): ScannerScript {
  return afterUpload((_request, response) => {
    response.writeHead(200, { "content-type": type }).end(text);
  });
}

/** One script a request, in this order; the last one for all that follow. */
export function inTurn(...scripts: readonly ScannerScript[]): ScannerScript {
  let next = 0;
  return afterUpload((request, response) => {
    const script = scripts[Math.min(next, scripts.length - 1)] as ScannerScript;
    next += 1;
    return script(request, response);
  });
}

function json(
  response: ServerResponse,
  status: number,
  document: object,
  headers: Record<string, string> = {},
): void {
  response
    .writeHead(status, { "content-type": "application/json", ...headers })
    .end(JSON.stringify(document));
}

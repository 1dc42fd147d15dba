import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { parseServiceUrl, type ServiceUrl } from "../../../src/client/index.ts";

/** What the server does on one connection, with everything that it has received so far. */
export type Script = (peer: Peer) => Promise<void>;

/** The server's end of a connection. */
export class Peer {
  readonly socket: Socket;
  #received = "";

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      this.#received += bytes.toString("latin1");
    });
  }

  /** Waits until the client has sent something that ends so, and takes it. */
  async receive(ending: string): Promise<string> {
    while (!this.#received.endsWith(ending)) await once(this.socket, "data");
    return this.#take();
  }

  /**
   * Waits for a whole request, or its preview, and takes it: however the bytes come, an answer
   * is never sent while the client still sends.
   */
  async receiveRequest(): Promise<string> {
    while (!isWholeRequest(this.#received)) await once(this.socket, "data");
    return this.#take();
  }

  send(text: string): void {
    this.socket.write(text, "latin1");
  }

  #take(): string {
    const received = this.#received;
    this.#received = "";
    return received;
  }
}

/** RFC 3507 §4.4.1: the last section of `Encapsulated` tells whether a body comes, and where. */
function isWholeRequest(received: string): boolean {
  const [head = "", rest] = received.split(/\r\n\r\n(.*)/s);
  if (rest === undefined) return false;
  const [, kind, offset] = /^Encapsulated:.*\b(null|req|res)-body=(\d+)$/m.exec(head) ?? [];
  if (kind === undefined || kind === "null") return rest.length >= Number(offset ?? 0);
  return /(?:^|\r\n)0(?:; ieof)?\r\n\r\n$/.test(rest.slice(Number(offset)));
}

/** An ICAP server that plays one script for each connection, in order. */
export class ScriptedServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets: Socket[] = [];
  #failure: unknown;

  private constructor(scripts: readonly Script[]) {
    this.#server = createServer((socket) => {
      const script = scripts[this.#sockets.length];
      this.#sockets.push(socket);
      const peer = new Peer(socket);
      script?.(peer).catch((error: unknown) => {
        this.#failure = error;
      });
    });
  }

  static async start(...scripts: readonly Script[]): Promise<ScriptedServer> {
    const started = new ScriptedServer(scripts);
    started.#server.listen(0, "127.0.0.1");
    await once(started.#server, "listening");
    return started;
  }

  get url(): ServiceUrl {
    const { port } = this.#server.address() as AddressInfo;
    return parseServiceUrl(`icap://127.0.0.1:${port}/scan`) as ServiceUrl;
  }

  get connections(): number {
    return this.#sockets.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    if (this.#failure !== undefined) throw this.#failure;
  }
}

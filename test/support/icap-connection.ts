import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { type IcapAnswer, takeIcapAnswer } from "./icap-answer.ts";

export interface IcapConnectionOptions {
  readonly port: number;
  readonly host?: string;
  /** PEM of the authority that must have signed the server's certificate; given, the connection is TLS. */
  readonly ca?: string;
  /** Address to connect from, e.g. another one of the loopback. */
  readonly from?: string;
  /** TLS beside the authority: a client's certificate, versions. */
  readonly tls?: Pick<ConnectionOptions, "cert" | "key" | "minVersion" | "maxVersion">;
  /** Sent before the handshake, as a proxy does that speaks PROXY protocol. */
  readonly preface?: readonly (string | Buffer)[];
  /** How long a read may take before it fails and shows what had arrived. */
  readonly timeoutMs?: number;
}

/**
 * An ICAP client that sends exactly the bytes it is given and reads one answer at a time, so that
 * tests can say what a client puts on the wire, down to the segment.
 */
export class IcapConnection {
  readonly #socket: Socket;
  readonly #timeoutMs: number;
  #received: Buffer = Buffer.alloc(0);
  #ended = false;
  #error: Error | undefined;
  #wake: () => void = () => {};

  private constructor(socket: Socket, timeoutMs: number) {
    this.#socket = socket;
    this.#timeoutMs = timeoutMs;
    socket.on("data", (bytes) => {
      this.#received = Buffer.concat([this.#received, bytes]);
      this.#wake();
    });
    socket.on("error", (error) => {
      this.#error = error;
    });
    for (const event of ["end", "close"] as const) {
      socket.on(event, () => {
        this.#ended = true;
        this.#wake();
      });
    }
  }

  static async open(options: IcapConnectionOptions): Promise<IcapConnection> {
    const { port, host = "127.0.0.1", from, ca, tls, preface = [], timeoutMs = 30_000 } = options;
    const address = { port, host, ...(from === undefined ? {} : { localAddress: from }) };
    const plain = connect(address);
    await once(plain, "connect");
    plain.setNoDelay(true);
    for (const part of preface) await new Promise((taken) => plain.write(part, taken));
    const socket = ca === undefined ? plain : connectTls({ ...tls, socket: plain, host, ca });
    if (ca !== undefined) await once(socket, "secureConnect");
    return new IcapConnection(socket, timeoutMs);
  }

  /** Sends each part as a write of its own; resolves when the kernel has taken all of them. */
  async send(...parts: readonly (string | Buffer)[]): Promise<void> {
    for (const part of parts) {
      const bytes = typeof part === "string" ? Buffer.from(part, "latin1") : part;
      await new Promise<void>((resolve, reject) => {
        this.#socket.write(bytes, (error) => (error ? reject(error) : resolve()));
      });
    }
  }

  /** Says that nothing more will be sent, and goes on reading. */
  endSending(): void {
    this.#socket.end();
  }

  /** The next answer, `100 Continue` included. */
  async readAnswer(): Promise<IcapAnswer> {
    const answer = await this.#read(() => takeIcapAnswer(this.#received), "a whole answer");
    this.#received = this.#received.subarray(answer.raw.length);
    return answer;
  }

  /** Everything up to and with the first occurrence of the text; clients that know no grammar read so. */
  async readThrough(text: string): Promise<Buffer> {
    const bytes = await this.#read(() => {
      const at = this.#received.indexOf(text, 0, "latin1");
      return at === -1 ? undefined : this.#received.subarray(0, at + text.length);
    }, JSON.stringify(text));
    this.#received = this.#received.subarray(bytes.length);
    return bytes;
  }

  /** Everything until the server ends the connection. */
  async readToEnd(): Promise<Buffer> {
    const bytes = await this.#read(
      () => (this.#ended ? this.#received : undefined),
      "the end of the connection",
    );
    this.#received = Buffer.alloc(0);
    return bytes;
  }

  /** Resolves when the server has closed; fails when it sent anything more before. */
  async expectEnd(): Promise<void> {
    const rest = await this.readToEnd();
    if (rest.length > 0) throw new Error(`more bytes before the end: ${excerpt(rest)}`);
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Takes nothing more of what the server sends, as a slow client does. */
  pauseReading(): void {
    this.#socket.pause();
  }

  resumeReading(): void {
    this.#socket.resume();
  }

  /** Ends the connection as a client does that died: with a reset. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #read<T>(take: () => T | undefined, what: string): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const fail = (why: string) =>
      reject(
        new Error(`waiting for ${what}: ${why}; received: ${excerpt(this.#received)}`, {
          cause: this.#error,
        }),
      );
    const timer = setTimeout(fail, this.#timeoutMs, `nothing more in ${this.#timeoutMs} ms`);
    this.#wake = () => {
      try {
        const value = take();
        if (value !== undefined) resolve(value);
        else if (this.#ended) fail("the server closed the connection");
      } catch (error) {
        reject(error);
      }
    };
    this.#wake();
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#wake = () => {};
    }
  }
}

function excerpt(bytes: Buffer): string {
  return `${bytes.length} bytes ${JSON.stringify(bytes.toString("latin1", 0, 600))}`;
}

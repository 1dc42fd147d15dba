import { once } from "node:events";
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls, type SecureVersion } from "node:tls";
import { DEFAULT_WIRE_LIMITS, fieldValues, listHas, ResponseParser } from "../protocol/index.ts";
import { BodyReader, type BodySource } from "./body-reader.ts";
import { ClientErrorCode, IcapClientError, socketReason } from "./client-error.ts";
import { type BodyListener, Exchange, type IcapAnswer } from "./exchange.ts";
import type { ServiceUrl } from "./service-url.ts";

export interface ConnectionOptions {
  readonly url: ServiceUrl;
  readonly connectTimeoutMs: number;
  /** Longest time in which nothing moves in either direction. */
  readonly idleTimeoutMs: number;
  /** Certificate authorities (PEM) to trust in place of those of the system. */
  readonly ca?: string | Buffer | undefined;
  /** Shown to the server (PEM). */
  readonly certificate?: { readonly cert: string; readonly key: string } | undefined;
  /** Name that the server's certificate must carry, where it is not the host of the URL. */
  readonly serverName?: string | undefined;
  readonly minTlsVersion?: SecureVersion | undefined;
}

/** A request ready for the wire. */
export interface OutgoingRequest {
  /** ICAP head and HTTP heads. */
  readonly head: string;
  readonly body?: BodySource | undefined;
  /** As the head announces it. */
  readonly previewBytes?: number | undefined;
  readonly onBody?: BodyListener | undefined;
  /** Aborted: the connection is closed, and the caller told by an `IcapClientError`. */
  readonly signal?: AbortSignal | undefined;
}

const LAST_CHUNK = "0\r\n\r\n";
/** Nothing follows the preview (RFC 3507 §4.5). */
const LAST_CHUNK_OF_WHOLE = "0; ieof\r\n\r\n";

/** One connection to an ICAP server: one request at a time, the next only after the answer. */
export class IcapConnection {
  readonly #socket: Socket;
  readonly #authority: string;
  #exchange: Exchange | undefined;
  #parser: ResponseParser | undefined;

  private constructor(socket: Socket, { url, idleTimeoutMs }: ConnectionOptions) {
    this.#socket = socket;
    this.#authority = url.authority;
    socket.setNoDelay(true);
    socket.setTimeout(idleTimeoutMs, () => {
      this.#end(ClientErrorCode.Timeout, `was silent for ${idleTimeoutMs / 1000} s`);
    });
    socket.on("data", (bytes) => this.#read(bytes));
    socket.on("error", (error) => this.#end(ClientErrorCode.Closed, socketReason(error)));
    socket.on("close", () => this.#end(ClientErrorCode.Closed, "ended without an answer"));
  }

  static async open(options: ConnectionOptions, stop?: AbortSignal): Promise<IcapConnection> {
    const { url, connectTimeoutMs } = options;
    if (stop?.aborted) throw aborted(url);
    const socket = connectSocket(options);
    const timeout = AbortSignal.timeout(connectTimeoutMs);
    const signal = stop === undefined ? timeout : AbortSignal.any([timeout, stop]);
    try {
      await once(socket, url.isTls ? "secureConnect" : "connect", { signal });
    } catch (error) {
      socket.destroy();
      if (stop?.aborted) throw aborted(url);
      const reason = timeout.aborted
        ? `no connection within ${connectTimeoutMs / 1000} s`
        : socketReason(error as Error);
      const message = `cannot connect to ${url.authority}: ${reason}`;
      throw new IcapClientError(ClientErrorCode.Connect, message, { cause: error });
    }
    return new IcapConnection(socket, options);
  }

  /** Whether another request may be sent. */
  get isOpen(): boolean {
    return !this.#socket.destroyed;
  }

  /** Sends a request and waits for its answer; throws an `IcapClientError` when there is none. */
  async exchange(request: OutgoingRequest): Promise<IcapAnswer> {
    const exchange = new Exchange(request.onBody);
    const parser = new ResponseParser(exchange, DEFAULT_WIRE_LIMITS);
    this.#exchange = exchange;
    this.#parser = parser;
    const { signal } = request;
    const onAbort = (): void => this.#end(ClientErrorCode.Aborted, "aborted");
    signal?.addEventListener("abort", onAbort);
    try {
      if (signal?.aborted) onAbort();
      const isWholeSent = await this.#send(request, exchange);
      const answer = await exchange.answer;
      const mustClose = fieldValues(answer.fields, "connection").some((v) => listHas(v, "close"));
      // A body that is not sent to its end leaves the server waiting for the rest; and what is not
      // flushed lies in memory of the caller's, who may use it again from now on.
      const isFlushed = this.#socket.writableLength === 0;
      if (mustClose || !isWholeSent || !isFlushed || parser.inAnswer) this.close();
      return answer;
    } catch (error) {
      this.close();
      throw error;
    } finally {
      this.#exchange = undefined;
      signal?.removeEventListener("abort", onAbort);
    }
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Sends head and body; false when the server answered before it had all of what was announced. */
  async #send(request: OutgoingRequest, exchange: Exchange): Promise<boolean> {
    this.#socket.write(request.head, "latin1");
    if (request.body === undefined) return true;
    const reader = new BodyReader(request.body);
    try {
      const isAnswered = await this.#sendPreview(request, reader, exchange);
      return isAnswered || (await this.#sendRest(reader, exchange));
    } finally {
      await reader.cancel();
    }
  }

  /** True when the server has no need of more. */
  async #sendPreview(
    { previewBytes }: OutgoingRequest,
    reader: BodyReader,
    exchange: Exchange,
  ): Promise<boolean> {
    if (previewBytes === undefined) return false;
    const { pieces, isWhole } = await reader.preview(previewBytes);
    for (const piece of pieces) this.#writeChunk(piece);
    this.#socket.write(isWhole ? LAST_CHUNK_OF_WHOLE : LAST_CHUNK);
    return isWhole || (await exchange.first) === "answer";
  }

  async #sendRest(reader: BodyReader, exchange: Exchange): Promise<boolean> {
    const answered = exchange.answer.then(() => undefined);
    for (;;) {
      const piece = await Promise.race([reader.next(), answered]);
      if (exchange.isDecided) return false;
      if (piece === undefined) {
        this.#socket.write(LAST_CHUNK);
        return true;
      }
      if (!this.#writeChunk(piece)) await this.#drained(exchange);
    }
  }

  #writeChunk(piece: Uint8Array): boolean {
    this.#socket.cork();
    this.#socket.write(`${piece.length.toString(16)}\r\n`);
    this.#socket.write(piece);
    const hasRoom = this.#socket.write("\r\n");
    this.#socket.uncork();
    return hasRoom;
  }

  /** Waits for room, or for the end of the exchange, after which nobody takes what is left. */
  async #drained(exchange: Exchange): Promise<void> {
    const stop = new AbortController();
    const room = once(this.#socket, "drain", { signal: stop.signal });
    try {
      await Promise.race([room, exchange.answer]);
    } finally {
      stop.abort();
    }
  }

  #read(bytes: Buffer): void {
    if (this.#exchange === undefined || this.#parser === undefined) {
      // Nobody asked: what comes now belongs to no request.
      this.close();
      return;
    }
    const fault = this.#parser.feed(bytes);
    if (fault !== undefined) this.#end(ClientErrorCode.Protocol, fault.message);
    void this.#waitForRoom();
  }

  async #waitForRoom(): Promise<void> {
    const room = this.#exchange?.takeRoom();
    if (room === undefined) return;
    this.#socket.pause();
    await room;
    this.#socket.resume();
  }

  #end(code: ClientErrorCode, reason: string): void {
    this.#exchange?.fail(new IcapClientError(code, `${this.#authority}: ${reason}`));
    this.#socket.destroy();
  }
}

const aborted = ({ authority }: ServiceUrl): IcapClientError =>
  new IcapClientError(ClientErrorCode.Aborted, `${authority}: aborted`);

function connectSocket(options: ConnectionOptions): Socket {
  const { host, port, isTls } = options.url;
  const socket = isTls
    ? connectTls({ host, port, ...tlsOptions(options) })
    : connectTcp({ host, port });
  // Listeners come and go with the stages of a connection; an error between them must not be fatal.
  return socket.on("error", () => {});
}

function tlsOptions({ url: { host }, ca, certificate, ...more }: ConnectionOptions) {
  // RFC 6066 §3: no address in the server name; the certificate is checked against `host` all the same.
  const servername = more.serverName ?? (isIP(host) === 0 ? host : "");
  return {
    servername,
    ...(ca !== undefined && { ca }),
    ...certificate,
    ...(more.minTlsVersion !== undefined && { minVersion: more.minTlsVersion }),
  };
}

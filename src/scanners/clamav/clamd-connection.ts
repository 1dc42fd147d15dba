import { Socket } from "node:net";
import type { ClamdAddress } from "./clamd-address.ts";

/** clamd did not do what its protocol says, or was not there. */
export class ClamdFailure extends Error {
  /** No connection came about, so clamd has seen nothing. */
  readonly isUnreached: boolean;

  constructor(message: string, options: { cause?: unknown; isUnreached?: boolean } = {}) {
    super(message, { cause: options.cause });
    this.name = "ClamdFailure";
    this.isUnreached = options.isUnreached ?? false;
  }
}

/** Longest reply: a signature's name, or an error with a path in it. */
const MAX_REPLY_BYTES = 4096;
const MAX_WAITING_REPLIES = 64;
/** A reply ends with NUL, since commands are sent with `z`; clamd's own farewells with a line feed. */
const replyEnd = /[\0\n]/;

type WriteCallback = (error?: Error | null) => void;
type Piece = { readonly chunk: unknown; readonly encoding: BufferEncoding };

/**
 * A socket that outlives a failed write. On the size limit clamd answers and closes without having
 * read all: the next write fails while the answer waits to be read, and Node would close the
 * socket over it. What the connection has come to is for its reading side to say.
 */
class ClamdSocket extends Socket {
  hasFailedWrite = false;

  override _write(chunk: unknown, encoding: BufferEncoding, callback: WriteCallback): void {
    super._write(chunk, encoding, this.#forgiving(callback));
  }

  override _writev(pieces: Piece[], callback: WriteCallback): void {
    super._writev?.(pieces, this.#forgiving(callback));
  }

  #forgiving(callback: WriteCallback): WriteCallback {
    return (error) => {
      this.hasFailedWrite ||= error instanceof Error;
      callback();
    };
  }
}

export interface ConnectOptions {
  readonly timeoutMs: number;
  /** Ends the connection, whatever it is doing. */
  readonly signal: AbortSignal;
}

/** A connection to clamd: frames out with back-pressure, replies in, one after the other. */
export class ClamdConnection {
  readonly #socket: ClamdSocket;
  readonly #replies: string[] = [];
  #partial = "";
  #failure: ClamdFailure | undefined;
  #wake: (() => void) | undefined;

  private constructor(socket: ClamdSocket, signal: AbortSignal) {
    this.#socket = socket;
    const stop = (): void => this.#fail(new ClamdFailure("the scan was given up"));
    signal.addEventListener("abort", stop, { once: true });
    socket
      .setNoDelay(true)
      .setEncoding("latin1")
      .on("data", (text: string) => this.#receive(text))
      .on("error", (cause) => this.#fail(lost(cause)))
      .on("close", () => {
        signal.removeEventListener("abort", stop);
        this.#fail(new ClamdFailure("clamd closed the connection"));
      })
      .on("drain", () => this.#wake?.());
    if (signal.aborted) stop();
  }

  /** Rejects with a `ClamdFailure` that is unreached when there is no connection in time. */
  static async open(address: ClamdAddress, options: ConnectOptions): Promise<ClamdConnection> {
    const { timeoutMs, signal } = options;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const socket = new ClamdSocket();
    socket.connect("path" in address ? { path: address.path } : { ...address });
    const giveUp = (): void => reject(unreached("ETIMEDOUT"));
    const timer = setTimeout(giveUp, timeoutMs);
    signal.addEventListener("abort", giveUp, { once: true });
    const refused = (error: NodeJS.ErrnoException): void => reject(unreached(error.code));
    socket.once("connect", resolve).once("error", refused);
    if (signal.aborted) giveUp();
    try {
      await promise;
      socket.off("error", refused);
      return new ClamdConnection(socket, signal);
    } catch (error) {
      socket.on("error", () => {}).destroy();
      throw error;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", giveUp);
    }
  }

  /** Whether a reply waits: nothing that is sent from now on is looked at. */
  get hasReply(): boolean {
    return this.#replies.length > 0;
  }

  /** Whether anything more can be sent. */
  get isOpen(): boolean {
    return this.#failure === undefined && !this.#socket.hasFailedWrite;
  }

  /**
   * Sends buffers as one write, and resolves when there is room for more. It also resolves when the
   * connection is lost, or a reply is there: then `reply` says what came of it.
   */
  async send(buffers: readonly Buffer[]): Promise<void> {
    if (!this.isOpen || this.hasReply) return;
    this.write(buffers);
    while (this.#socket.writableNeedDrain && this.isOpen && !this.hasReply) await this.#woken();
  }

  /** Sends buffers as one write, for a caller that bounds what waits. */
  write(buffers: readonly Buffer[]): void {
    this.#socket.cork();
    for (const buffer of buffers) this.#socket.write(buffer);
    this.#socket.uncork();
  }

  /** The next reply, also one that came before the connection was lost. */
  async reply(): Promise<string> {
    for (;;) {
      const reply = this.#replies.shift();
      if (reply !== undefined) return reply;
      if (this.#failure !== undefined) throw this.#failure;
      await this.#woken();
    }
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(text: string): void {
    const pieces = (this.#partial + text).split(replyEnd);
    this.#partial = pieces.pop() ?? "";
    this.#replies.push(...pieces.filter((piece) => piece !== ""));
    if (
      this.#partial.length > MAX_REPLY_BYTES ||
      this.#replies.length > MAX_WAITING_REPLIES ||
      pieces.some(({ length }) => length > MAX_REPLY_BYTES)
    ) {
      this.#replies.length = 0;
      this.#fail(new ClamdFailure("clamd said more than its protocol allows"));
    }
    this.#wake?.();
  }

  #fail(failure: ClamdFailure): void {
    this.#failure ??= failure;
    this.#socket.destroy();
    this.#wake?.();
  }

  async #woken(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }
}

function unreached(code: string | undefined): ClamdFailure {
  return new ClamdFailure(`no connection to clamd: ${code ?? "unknown"}`, { isUnreached: true });
}

function lost(cause: NodeJS.ErrnoException): ClamdFailure {
  return new ClamdFailure(`the connection to clamd was lost: ${cause.code ?? ""}`, { cause });
}

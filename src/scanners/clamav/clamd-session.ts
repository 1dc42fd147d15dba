import { type ClamdConnection, ClamdFailure } from "./clamd-connection.ts";
import { instreamCommand, scanCommand } from "./instream.ts";

/** Scans of a session under way; clamd spreads them over its threads. */
const MAX_PENDING = 32;
/** clamd ends a session that is idle for its IdleTimeout or ReadTimeout; this ends sooner. */
const IDLE_MS = 500;
const numberedReply = /^(?<id>\d{1,10}): (?<reply>.*)$/s;

interface Pending {
  readonly resolve: (reply: string) => void;
  readonly reject: (failure: ClamdFailure) => void;
}

/**
 * Many small scans on one connection (IDSESSION): clamd numbers the commands and answers in any
 * order. A session can end under everybody, for one stream that is too long or for idleness; who
 * had no answer by then is told so, and scans again elsewhere.
 */
export class ClamdSession {
  readonly #connection: ClamdConnection;
  readonly #onEnd: () => void;
  readonly #pending = new Map<number, Pending>();
  #sent = 0;
  #received = 0;
  #idle: NodeJS.Timeout | undefined;

  /** `onEnd` is called once, when the session is of no use any more. */
  constructor(connection: ClamdConnection, onEnd: () => void) {
    this.#connection = connection;
    this.#onEnd = onEnd;
    connection.write([Buffer.from("zIDSESSION\0")]);
    void this.#read();
  }

  get hasRoom(): boolean {
    return this.#connection.isOpen && this.#pending.size < MAX_PENDING;
  }

  /** clamd's reply to a body. Rejects with a `ClamdFailure` when none comes. */
  scan(body: Buffer, signal: AbortSignal): Promise<string> {
    const frame = Buffer.alloc(4);
    frame.writeUInt32BE(body.length);
    // A frame of no length is the end, which an empty body has but once.
    return this.#ask([instreamCommand, ...(body.length > 0 ? [frame, body] : []), end], signal);
  }

  /** The same for a file that clamd reads itself. */
  scanFile(path: string, signal: AbortSignal): Promise<string> {
    return this.#ask([scanCommand(path)], signal);
  }

  async #ask(command: readonly Buffer[], signal: AbortSignal): Promise<string> {
    if (signal.aborted) throw new ClamdFailure("the scan was given up");
    clearTimeout(this.#idle);
    const id = ++this.#sent;
    const receivedBefore = this.#received;
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const giveUp = (): void => {
      reject(new ClamdFailure("the scan was given up"));
      // Nobody has had an answer since: those who wait would wait in vain as well.
      if (this.#received === receivedBefore) this.close();
    };
    signal.addEventListener("abort", giveUp, { once: true });
    this.#pending.set(id, { resolve, reject });
    this.#connection.write(command);
    try {
      return await promise;
    } finally {
      signal.removeEventListener("abort", giveUp);
    }
  }

  close(): void {
    this.#connection.close();
  }

  async #read(): Promise<void> {
    let failure = new ClamdFailure("clamd ended the session");
    try {
      while (this.#settle(await this.#connection.reply()))
        if (this.#pending.size === 0) this.#rest();
    } catch (error) {
      if (error instanceof ClamdFailure) failure = error;
    }
    clearTimeout(this.#idle);
    this.close();
    this.#onEnd();
    for (const { reject } of this.#pending.values()) reject(failure);
  }

  /** False when the reply is to none of the commands: what follows could not be trusted. */
  #settle(text: string): boolean {
    const { id, reply = "" } = numberedReply.exec(text)?.groups ?? {};
    const pending = this.#pending.get(Number(id));
    if (pending === undefined) return false;
    this.#received += 1;
    this.#pending.delete(Number(id));
    pending.resolve(reply);
    return true;
  }

  #rest(): void {
    this.#idle = setTimeout(() => this.close(), IDLE_MS).unref();
  }
}

const end = Buffer.alloc(4);

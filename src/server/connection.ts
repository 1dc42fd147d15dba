import type { Socket } from "node:net";
import {
  type HeadBytes,
  type IcapError,
  type IcapRequest,
  icapError,
  ParserState,
  RequestParser,
  type RequestSink,
} from "../protocol/index.ts";
import { Cause, RefusalReason } from "../telemetry/index.ts";
import { type ClientLink, refuseRequest, Transaction } from "../transaction/index.ts";
import type { ConnectionHost, ConnectionOptions, ConnectionSource } from "./connection-host.ts";
import type { Timed } from "./deadlines.ts";
import { peerAddress } from "./peer-address.ts";
import { PrefaceReader } from "./proxy-protocol.ts";
import { refusalError } from "./refusal-error.ts";
import { readFrom } from "./transport.ts";

/**
 * One client's connection: socket ⇄ parser ⇄ one transaction after the other. What a client sends
 * ahead of its answer waits in one read's worth of memory, with the socket paused (ADR 0004).
 */
export class Connection implements RequestSink, ClientLink, Timed {
  readonly #socket: Socket;
  readonly #host: ConnectionHost<Connection>;
  readonly #options: ConnectionOptions;
  readonly #parser: RequestParser;
  #peer: string;
  #transaction: Transaction | undefined;
  #preface: PrefaceReader | undefined;
  /** Read and not parsed: it waits behind an unfinished answer. */
  #held: Buffer | undefined;
  #pausedByTransaction = false;
  #reading = true;
  #clogged = false;
  #uncloggedCallbacks: (() => void)[] = [];
  #requests = 0;
  #requestsInRead = 0;
  #lingering = false;
  /** The client sends nothing more, and waits for its last answer. */
  #clientEnded = false;
  #headStarted = false;
  /** What a transaction is told that its connection ends under. */
  #endCause: Cause = Cause.ClientAbort;
  #deadlineAt: number;
  bytesSent = 0;

  constructor(
    accepted: Socket,
    host: ConnectionHost<Connection>,
    options: ConnectionOptions,
    source: ConnectionSource,
  ) {
    const { awaitsPreface, client } = source;
    this.#host = host;
    this.#options = options;
    this.#preface = awaitsPreface ? new PrefaceReader() : undefined;
    this.#peer = peerAddress(client ?? "");
    this.#parser = new RequestParser(this, options.parser);
    this.#deadlineAt =
      host.deadlines.now + (awaitsPreface ? options.headTimeoutMs : options.idleTimeoutMs);
    this.#socket = readFrom(accepted, (bytes, length) => this.#onRead(bytes, length));
    this.#socket.on("end", () => this.#onClientEnd());
    this.#socket.on("error", () => this.#socket.destroy());
    this.#socket.once("close", () => this.#onClose());
    host.deadlines.add(this);
  }

  get peer(): string {
    return this.#peer;
  }

  get clogged(): boolean {
    return this.#clogged;
  }

  get gone(): boolean {
    return this.#socket.destroyed;
  }

  get deadlineAt(): number {
    return this.#deadlineAt;
  }

  /** Nothing is under way: it can be closed without a client losing anything. */
  get idle(): boolean {
    return this.#transaction === undefined && this.#parser.state === ParserState.Start;
  }

  get closesNext(): boolean {
    const { maxRequests, retiresAt } = this.#options;
    return (
      this.#host.draining ||
      (maxRequests > 0 && this.#requests >= maxRequests) ||
      this.#host.deadlines.now >= retiresAt
    );
  }

  /** Ends a connection on which nothing is under way. */
  closeIdle(): void {
    if (this.idle) this.#linger();
  }

  /** Ends whatever is under way: with 503 where nothing was answered yet. */
  abortForDrain(): void {
    if (this.#transaction === undefined) this.#socket.destroy();
    else this.#transaction.fail(icapError("ICAP_ERR_DRAINING"), Cause.Draining);
    // What was sent gets the rest of this turn to leave; then the process may end.
    this.#socket.destroySoon();
  }

  onRequest(request: IcapRequest, heads: HeadBytes): void {
    this.#requests++;
    this.#requestsInRead++;
    if (this.#requestsInRead > this.#options.pipelined + 1) {
      this.onError(icapError("ICAP_ERR_PIPELINE", this.#options.pipelined));
      return;
    }
    this.#transaction = new Transaction(this.#host.engine, this, request, heads);
  }

  onBody(bytes: Buffer, start: number, end: number): void {
    this.#transaction?.onBody(bytes, start, end);
  }

  onPreviewEnd(): void {
    this.#transaction?.onPreviewEnd();
  }

  onEnd(): void {
    this.#transaction?.onEnd();
  }

  onError(error: IcapError): void {
    if (error.closes) this.#parser.close();
    if (this.#transaction !== undefined) {
      this.#transaction.fail(error, Cause.Protocol);
      return;
    }
    refuseRequest(this.#host.engine, this, error);
    if (error.closes || this.closesNext) this.#linger();
  }

  sendText(text: string): void {
    if (this.#socket.destroyed) return;
    this.#count(text.length);
    this.#socket.write(text, "latin1");
    if (this.#socket.writableLength > 0) this.#onClogged();
  }

  sendBytes(bytes: Buffer): void {
    if (this.#socket.destroyed) return;
    this.#count(bytes.length);
    this.#socket.write(bytes);
    if (this.#socket.writableLength > 0) this.#onClogged();
  }

  onceUnclogged(callback: () => void): void {
    this.#uncloggedCallbacks.push(callback);
  }

  pauseReading(): void {
    this.#pausedByTransaction = true;
    this.#updateReading();
  }

  resumeReading(): void {
    this.#pausedByTransaction = false;
    this.#setDeadline();
    this.#updateReading();
  }

  continueBody(): void {
    this.#parser.continueBody();
    this.#takeHeld();
    // Its client may have gone while it was decided whether the rest is needed: it never comes.
    if (this.#clientEnded) this.#endWithClient();
  }

  endMessage(): void {
    this.#parser.endMessage();
  }

  transactionEnded(closes: boolean): void {
    this.#transaction = undefined;
    this.#pausedByTransaction = false;
    if (closes) this.#linger();
    else this.#takeHeld();
    if (this.#clientEnded && this.#transaction === undefined) this.#socket.destroySoon();
  }

  abort(): void {
    this.#socket.destroy();
  }

  onDeadline(): void {
    if (this.#clogged) this.#endCause = Cause.WriteTimeout;
    const isOver = this.#lingering || this.#clogged || this.#clientEnded;
    if (isOver || this.#preface !== undefined) {
      this.#socket.destroy();
    } else if (this.#transaction !== undefined) {
      this.#parser.close();
      this.#transaction.fail(icapError("ICAP_ERR_BODY_TIMEOUT"), Cause.Timeout);
    } else if (this.#parser.state === ParserState.Start) {
      this.#linger();
    } else {
      this.onError(icapError("ICAP_ERR_HEAD_TIMEOUT"));
    }
  }

  /** Answers a connection that is not served, and ends it. */
  refuse(reason: RefusalReason): void {
    this.#host.metrics.connectionRefused(reason);
    this.#parser.close();
    const { error, cause } = refusalError(reason);
    refuseRequest(this.#host.engine, this, error, cause);
    this.#linger();
  }

  #onRead(bytes: Buffer, length: number): boolean {
    this.#host.metrics.bytesReceived(length);
    if (this.#lingering) return true;
    this.#requestsInRead = 0;
    if (this.#preface !== undefined) this.#takePreface(this.#preface, bytes, length);
    else this.#consume(bytes, 0, length);
    this.#setDeadline();
    return this.#reading;
  }

  #consume(bytes: Buffer, start: number, end: number): void {
    try {
      this.#parse(bytes, start, end);
    } catch (error) {
      this.#breakDown(error);
    }
  }

  /** A fault of ours ends this connection and no other. */
  #breakDown(error: unknown): void {
    this.#parser.close();
    if (this.#transaction === undefined) {
      this.#host.engine.logger.error("connection failed", { err: error });
      this.#socket.destroy();
    } else {
      this.#transaction.breakDown(error);
    }
  }

  #parse(bytes: Buffer, start: number, end: number): void {
    let position = start;
    while (position < end && !this.#lingering) {
      if (this.#transaction?.occupied === true) {
        this.#hold(bytes, position, end);
        break;
      }
      position = this.#parser.feed(bytes, position, end);
    }
    this.#transaction?.onReadEnd();
  }

  #takePreface(preface: PrefaceReader, bytes: Buffer, length: number): void {
    const result = preface.take(bytes, length);
    if (result.kind === "incomplete") return;
    this.#preface = undefined;
    if (result.kind === "invalid") {
      this.#host.metrics.connectionRefused(RefusalReason.ProxyProtocol);
      this.#socket.destroy();
      return;
    }
    this.#peer = peerAddress(result.source.address ?? this.#peer);
    const refusal = this.#host.admit(this, this.#peer);
    if (refusal !== undefined) this.refuse(refusal);
    else this.#consume(bytes, result.length, length);
  }

  #hold(bytes: Buffer, start: number, end: number): void {
    this.#held = Buffer.from(bytes.subarray(start, end));
    this.#updateReading();
  }

  /** Goes on with what was held, now that its turn has come. */
  #takeHeld(): void {
    const held = this.#held;
    if (held !== undefined) {
      this.#held = undefined;
      this.#consume(held, 0, held.length);
    }
    this.#setDeadline();
    this.#updateReading();
  }

  #onClogged(): void {
    if (this.#clogged) return;
    this.#clogged = true;
    this.#setDeadline();
    this.#updateReading();
    // An empty write calls back when everything before it has left.
    this.#socket.write(NO_BYTES, () => this.#onUnclogged());
  }

  #onUnclogged(): void {
    if (this.#socket.destroyed) return;
    if (this.#socket.writableLength > 0) {
      this.#socket.write(NO_BYTES, () => this.#onUnclogged());
      return;
    }
    this.#clogged = false;
    this.#setDeadline();
    this.#updateReading();
    for (const callback of this.#uncloggedCallbacks.splice(0)) callback();
  }

  #updateReading(): void {
    const wanted =
      this.#lingering || !(this.#pausedByTransaction || this.#clogged || this.#held !== undefined);
    if (wanted === this.#reading) return;
    this.#reading = wanted;
    if (wanted) this.#socket.resume();
    else this.#socket.pause();
  }

  /** Which deadline holds now. Only a head's stays where it was when more bytes come. */
  #setDeadline(): void {
    const { now } = this.#host.deadlines;
    const options = this.#options;
    if (this.#lingering || this.#preface !== undefined) return;
    if (this.#clogged) {
      this.#deadlineAt = now + options.writeTimeoutMs;
    } else if (this.#transaction !== undefined) {
      const waits = this.#transaction.occupied || this.#pausedByTransaction;
      this.#deadlineAt = now + (waits ? this.#patienceMs : options.bodyTimeoutMs);
      this.#headStarted = false;
    } else if (this.#parser.state === ParserState.Start) {
      this.#deadlineAt = now + options.idleTimeoutMs;
      this.#headStarted = false;
    } else if (!this.#headStarted) {
      this.#headStarted = true;
      this.#deadlineAt = now + options.headTimeoutMs;
    }
  }

  /** For an answer: as long as its service takes, but not for a client that may be gone (ADR 0060). */
  get #patienceMs(): number {
    return this.#clientEnded ? this.#options.halfClosedTimeoutMs : Number.POSITIVE_INFINITY;
  }

  /** Our last answer is sent. What the client still sends is read away, lest a reset destroys it. */
  #linger(): void {
    if (this.#lingering) return;
    this.#lingering = true;
    this.#held = undefined;
    this.#parser.close();
    this.#deadlineAt = this.#host.deadlines.now + this.#options.lingerTimeoutMs;
    this.#socket.end();
    this.#updateReading();
  }

  #onClientEnd(): void {
    this.#clientEnded = true;
    this.#endWithClient();
  }

  #endWithClient(): void {
    // A client may close its side and still wait for the answer to a whole request (ADR 0060).
    if (this.#transaction === undefined) this.#socket.destroySoon();
    else if (this.#transaction.occupied) this.#setDeadline();
    else this.#socket.destroy();
  }

  #onClose(): void {
    this.#host.deadlines.remove(this);
    this.#held = undefined;
    this.#transaction?.onClientGone(this.#endCause);
    this.#transaction = undefined;
    for (const callback of this.#uncloggedCallbacks.splice(0)) callback();
    this.#host.onClosed(this);
  }

  #count(bytes: number): void {
    this.bytesSent += bytes;
    this.#host.metrics.bytesSent(bytes);
  }
}

const NO_BYTES = Buffer.alloc(0);

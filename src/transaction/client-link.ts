/**
 * What a transaction may do to the connection it came on. Implemented by the server; every call is
 * made while the transaction is the connection's current one.
 */
export interface ClientLink {
  /** Address of the ICAP client, after PROXY protocol. */
  readonly peer: string;
  /** Bytes sent on this connection so far. */
  readonly bytesSent: number;
  /** This answer must announce the end of the connection (drain, age, number of requests). */
  readonly closesNext: boolean;
  /** Bytes that were sent wait for a slow client; nothing more is read from it meanwhile. */
  readonly clogged: boolean;
  /** Sends characters of one byte each. */
  sendText(text: string): void;
  /** Sends bytes; the buffer belongs to the connection from now on while `clogged`. */
  sendBytes(bytes: Buffer): void;
  /** Nothing that is sent arrives any more. */
  readonly gone: boolean;
  /** Calls back once, when nothing that was sent waits any more, or when the client is gone. */
  onceUnclogged(callback: () => void): void;
  /** Stops reading from the client, until `resumeReading`. */
  pauseReading(): void;
  resumeReading(): void;
  /** `100 Continue` was sent: the parser goes on with the body. */
  continueBody(): void;
  /** The final answer was given at the preview: the parser expects a new request. */
  endMessage(): void;
  /** The whole answer was handed over and the whole message taken; `closes` was announced in it. */
  transactionEnded(closes: boolean): void;
  /** Cuts the connection, so that a half-sent answer cannot be taken for a whole one. */
  abort(): void;
}

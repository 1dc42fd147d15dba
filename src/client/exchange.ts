import type { IcapResponse, ResponseSink } from "../protocol/index.ts";

/** The answer to a request. */
export interface IcapAnswer extends IcapResponse {
  /** Length of the HTTP body in the answer. */
  readonly bodyBytes: number;
  /** The body goes on with the client's own from this offset on (206); otherwise undefined. */
  readonly originalFrom: number | undefined;
}

/**
 * Takes the pieces of the body of an answer; each is valid during the call only. While the last
 * promise that it returned is open, nothing more is read, but pieces already read still come.
 */
export type BodyListener = (piece: Buffer) => Promise<void> | undefined | void;

/** What the server said first: go on with the body, or the answer already. */
export type FirstWord = "continue" | "answer";

/** One request on its way: turns the events of the parser into promises. */
export class Exchange implements ResponseSink {
  readonly #onBody: BodyListener | undefined;
  readonly #first = Promise.withResolvers<FirstWord>();
  readonly #answer = Promise.withResolvers<IcapAnswer>();
  #response: IcapResponse | undefined;
  #bodyBytes = 0;
  #settled = false;
  #taken: Promise<void> | undefined;

  constructor(onBody: BodyListener | undefined) {
    this.#onBody = onBody;
    // Whoever waits for one of the two hears of a failure; the other must not count as unhandled.
    this.#first.promise.catch(() => {});
    this.#answer.promise.catch(() => {});
  }

  get first(): Promise<FirstWord> {
    return this.#first.promise;
  }

  get answer(): Promise<IcapAnswer> {
    return this.#answer.promise;
  }

  /** The server has begun to answer, or never will: nothing more need be sent. */
  get isDecided(): boolean {
    return this.#response !== undefined || this.#settled;
  }

  /** Resolves when the listener has room again; undefined when it has. */
  takeRoom(): Promise<void> | undefined {
    const taken = this.#taken;
    this.#taken = undefined;
    return taken;
  }

  fail(error: Error): void {
    this.#settled = true;
    this.#first.reject(error);
    this.#answer.reject(error);
  }

  onContinue(): void {
    this.#first.resolve("continue");
  }

  onHead(response: IcapResponse): void {
    this.#response = response;
    this.#first.resolve("answer");
  }

  onBody(bytes: Buffer, start: number, end: number): void {
    this.#bodyBytes += end - start;
    const taken = this.#onBody?.(bytes.subarray(start, end));
    if (taken !== undefined) this.#taken = taken;
  }

  onEnd(originalFrom: number | undefined): void {
    // onHead came before: the parser promises this order.
    const response = this.#response as IcapResponse;
    this.#settled = true;
    this.#answer.resolve({ ...response, bodyBytes: this.#bodyBytes, originalFrom });
  }
}

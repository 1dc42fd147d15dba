import type { ClientLink } from "./client-link.ts";
import type { Figures } from "./ended-transaction.ts";

/** What one transaction moves and how long it takes. */
export class Meter implements Figures {
  readonly #link: ClientLink;
  readonly #headBytes: number;
  readonly #startedAt = performance.now();
  readonly #sentBefore: number;
  #bodyBytes = 0;

  constructor(link: ClientLink, headBytes: number) {
    this.#link = link;
    this.#headBytes = headBytes;
    this.#sentBefore = link.bytesSent;
  }

  countBody(bytes: number): void {
    this.#bodyBytes += bytes;
  }

  get bodyBytes(): number {
    return this.#bodyBytes;
  }

  get bytesIn(): number {
    return this.#headBytes + this.#bodyBytes;
  }

  get bytesOut(): number {
    return this.#link.bytesSent - this.#sentBefore;
  }

  /** So far. */
  get durationMs(): number {
    return performance.now() - this.#startedAt;
  }
}

import type { ClientLink } from "./client-link.ts";

/** What one transaction moves and how long it takes. */
export class Meter {
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

  read(): { bytesIn: number; bytesOut: number; durationMs: number } {
    return {
      bytesIn: this.#headBytes + this.#bodyBytes,
      bytesOut: this.#link.bytesSent - this.#sentBefore,
      durationMs: performance.now() - this.#startedAt,
    };
  }
}

/** The time as answers tell it (RFC 7231 §7.1.1.1), formatted once a second. */
export class HttpDate {
  readonly #now: () => number;
  #second = -1;
  #text = "";

  /** @param now milliseconds since the epoch */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** The same string object within one second: callers may cache by identity. */
  get text(): string {
    const second = Math.floor(this.#now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#text = new Date(second * 1000).toUTCString();
    }
    return this.#text;
  }
}

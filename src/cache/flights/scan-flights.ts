import type { Verdict } from "../../scanning/index.ts";
import { Flight } from "./flight.ts";
import { Passenger } from "./passenger.ts";
import type { Question, SharedScanner } from "./question.ts";

/** Sees to it that of those who ask the same at the same time one scans, and the others hear of it. */
export class ScanFlights {
  readonly #scanner: SharedScanner;
  readonly #flights = new Map<string, Flight>();

  constructor(scanner: SharedScanner) {
    this.#scanner = scanner;
  }

  async ask(question: Question): Promise<Verdict> {
    const { signal } = question.context;
    while (!signal.aborted) {
      const verdict = await this.#board(question);
      if (verdict !== undefined) return verdict;
    }
    return this.#scanner.gone();
  }

  #board(question: Question): Promise<Verdict | undefined> {
    const { key, cache, context } = question;
    const { digest } = key;
    const flight = this.#flights.get(digest);
    if (flight?.isBoarding) return new Passenger(question, flight, this.#scanner).follow();
    const own = new Flight({
      deadlineAt: context.deadlineAt,
      remember: (found) => found && cache.set(key, found),
      onClosed: (closed) => {
        if (this.#flights.get(digest) === closed) this.#flights.delete(digest);
      },
    });
    this.#flights.set(digest, own);
    return new Passenger(question, own, this.#scanner).lead();
  }
}

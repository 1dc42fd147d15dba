/** How a flight ended, for those who waited. */
export interface FlightEnd<T> {
  readonly remembered: T | undefined;
  /** Whoever led it went away before it was over. */
  readonly abandoned: boolean;
}

class Flight<T> {
  readonly #over = Promise.withResolvers<FlightEnd<T>>();

  /** Undefined when the signal came first. */
  wait(signal: AbortSignal): Promise<FlightEnd<T> | undefined> {
    if (signal.aborted) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const leave = (): void => resolve(undefined);
      signal.addEventListener("abort", leave, { once: true });
      void this.#over.promise.then((end) => {
        signal.removeEventListener("abort", leave);
        resolve(end);
      });
    });
  }

  end(how: FlightEnd<T>): void {
    this.#over.resolve(how);
  }
}

/** What is being found out at this moment, by its key: one works on it, others wait. */
export class ScanFlights<T> {
  readonly #flights = new Map<string, Flight<T>>();

  under(key: string): Pick<Flight<T>, "wait"> | undefined {
    return this.#flights.get(key);
  }

  /** Runs the work as the flight of this key. One that ends without an `end` counts as abandoned. */
  async fly<R>(key: string, work: (end: (how: FlightEnd<T>) => void) => Promise<R>): Promise<R> {
    const flight = new Flight<T>();
    this.#flights.set(key, flight);
    const end = (how: FlightEnd<T>): void => {
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
      flight.end(how);
    };
    try {
      return await work(end);
    } finally {
      end({ remembered: undefined, abandoned: true });
    }
  }
}

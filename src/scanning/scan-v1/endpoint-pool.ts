import type { Endpoint } from "./endpoint.ts";

const PROBE_MS = 30_000;
/** While an endpoint does not answer. */
const PROBE_AGAIN_MS = 2000;

/** Equal endpoints of one scanner: which to ask next, and probes that keep the answer to that fresh. */
export class EndpointPool {
  readonly #endpoints: readonly Endpoint[];
  readonly #timers = new Set<NodeJS.Timeout>();
  #isClosed = false;

  constructor(endpoints: readonly Endpoint[]) {
    this.#endpoints = endpoints;
  }

  /** Resolves when each endpoint has been probed once; the probes then go on by themselves. */
  async start(): Promise<void> {
    await Promise.all(this.#endpoints.map((endpoint) => this.#probe(endpoint)));
  }

  get endpoints(): readonly Endpoint[] {
    return this.#endpoints;
  }

  /**
   * The endpoint with the fewest requests under way, of those that answer probes if there is one;
   * one of `tried` only when there is no other. Undefined when all are left alone.
   */
  choose(tried: ReadonlySet<Endpoint>): Endpoint | undefined {
    let best: Endpoint | undefined;
    for (const endpoint of this.#endpoints) {
      if (!endpoint.admits) continue;
      if (best === undefined || isBetter(endpoint, best, tried)) best = endpoint;
    }
    return best;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    await Promise.all(this.#endpoints.map((endpoint) => endpoint.close()));
  }

  async #probe(endpoint: Endpoint): Promise<void> {
    await endpoint.probe();
    if (this.#isClosed) return;
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        void this.#probe(endpoint);
      },
      endpoint.isHealthy ? PROBE_MS : PROBE_AGAIN_MS,
    );
    timer.unref();
    this.#timers.add(timer);
  }
}

function isBetter(one: Endpoint, other: Endpoint, tried: ReadonlySet<Endpoint>): boolean {
  if (tried.has(one) !== tried.has(other)) return !tried.has(one);
  const sick = (endpoint: Endpoint): boolean => endpoint.isHealthy === false;
  if (sick(one) !== sick(other)) return !sick(one);
  return one.outstanding < other.outstanding;
}

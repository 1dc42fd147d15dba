import type { Endpoint } from "./endpoint.ts";
import { EndpointGroup, type EndpointGroupOptions } from "./endpoint-group.ts";

export interface EndpointPoolOptions extends Omit<EndpointGroupOptions, "url" | "onAdded"> {
  readonly urls: readonly string[];
  /** Whether replicas differ now, so that it is worth to look more often. */
  readonly isChanging: () => boolean;
}

const PROBE_MS = 30_000;
/** While an endpoint does not answer. */
const PROBE_AGAIN_MS = 2000;
/** While signatures are rolled out: behind one address, each probe sees one replica of many. */
const PROBE_CHANGING_MS = 5000;

/** Equal endpoints of one scanner: which to ask next, and probes that keep the answer to that fresh. */
export class EndpointPool {
  readonly #options: EndpointPoolOptions;
  readonly #groups: readonly EndpointGroup[];
  readonly #timers = new Set<NodeJS.Timeout>();
  /** Until the start is over. */
  #firstProbes: Promise<void>[] | undefined = [];
  #isClosed = false;

  constructor(options: EndpointPoolOptions) {
    this.#options = options;
    const onAdded = (endpoint: Endpoint): void => {
      const probed = this.#probe(endpoint);
      this.#firstProbes?.push(probed);
    };
    this.#groups = options.urls.map((url) => new EndpointGroup({ ...options, url, onAdded }));
  }

  /** Resolves when each endpoint has been probed once; the probes then go on by themselves. */
  async start(): Promise<void> {
    await Promise.all(this.#groups.map((group) => group.start()));
    await Promise.all(this.#firstProbes ?? []);
    this.#firstProbes = undefined;
  }

  get endpoints(): readonly Endpoint[] {
    // Read several times with every scan, and most scanners have one URL.
    const [group] = this.#groups;
    if (group !== undefined && this.#groups.length === 1) return group.endpoints;
    return this.#groups.flatMap(({ endpoints }) => endpoints);
  }

  /**
   * The endpoint with the fewest requests under way, of those that answer probes if there is one;
   * one of `tried` only when there is no other. Undefined when all are left alone.
   */
  choose(tried: ReadonlySet<Endpoint>): Endpoint | undefined {
    let best: Endpoint | undefined;
    for (const group of this.#groups) {
      for (const endpoint of group.endpoints) {
        if (!endpoint.admits) continue;
        if (best === undefined || isBetter(endpoint, best, tried)) best = endpoint;
      }
    }
    return best;
  }

  /**
   * The endpoint at a URL and an address; another one at that URL when the address is gone, since
   * replicas may share what they know. Undefined for a URL that is none of the pool's.
   */
  find(url: string, address: string | undefined): Endpoint | undefined {
    const endpoints = this.#groups.find((group) => group.url === url)?.endpoints ?? [];
    return endpoints.find((endpoint) => endpoint.address === address) ?? endpoints[0];
  }

  /** An endpoint could not be reached: its name may mean another address by now. */
  lookAgain({ url }: Endpoint): void {
    this.#groups.find((group) => group.url === url)?.lookAgain();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    await Promise.all(this.#groups.map((group) => group.close()));
  }

  async #probe(endpoint: Endpoint): Promise<void> {
    await endpoint.probe();
    if (this.#isClosed || endpoint.isRetired) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      void this.#probe(endpoint);
    }, this.#pauseAfter(endpoint));
    timer.unref();
    this.#timers.add(timer);
  }

  #pauseAfter({ isHealthy }: Endpoint): number {
    if (!isHealthy) return PROBE_AGAIN_MS;
    return this.#options.isChanging() ? PROBE_CHANGING_MS : PROBE_MS;
  }
}

function isBetter(one: Endpoint, other: Endpoint, tried: ReadonlySet<Endpoint>): boolean {
  if (tried.has(one) !== tried.has(other)) return !tried.has(one);
  const sick = (endpoint: Endpoint): boolean => endpoint.isHealthy === false;
  if (sick(one) !== sick(other)) return !sick(one);
  return one.outstanding < other.outstanding;
}

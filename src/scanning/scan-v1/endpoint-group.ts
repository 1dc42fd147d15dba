import { isIP } from "node:net";
import type { Logger } from "../../telemetry/index.ts";
import type { Endpoint } from "./endpoint.ts";

/** An address of a name, as `dns.lookup` gives it. */
export interface FoundAddress {
  readonly address: string;
  readonly family: number;
}

export interface EndpointGroupOptions {
  readonly url: string;
  /** All addresses of a host name; rejects when it has none. */
  readonly lookup: (name: string) => Promise<readonly FoundAddress[]>;
  readonly lookupEveryMs: number;
  /** Makes the endpoint for some of the addresses; without any, for the URL as it is. */
  readonly make: (url: string, addresses: readonly string[]) => Endpoint;
  /** An endpoint is there from now on. */
  readonly onAdded: (endpoint: Endpoint) => void;
  readonly logger: Logger;
  readonly scanner: string;
}

const MAX_ADDRESSES = 64;
/** A start does not wait longer for a name; look-ups of the system may take half a minute. */
const FIRST_LOOKUP_MS = 5000;
/** An endpoint that cannot be reached makes the name looked up at once, but not more often. */
const MIN_LOOKUP_MS = 1000;

/**
 * The endpoints that one URL stands for. A name with several addresses, such as a headless Service,
 * is as many endpoints, which come and go as DNS says; one that goes ends what it has begun. When
 * the name cannot be looked up, the addresses that were known last stay.
 */
export class EndpointGroup {
  readonly #options: EndpointGroupOptions;
  readonly #name: string | undefined;
  readonly #byAddresses = new Map<string, Endpoint>();
  /** Read with every scan. */
  #endpoints: readonly Endpoint[] = [];
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #isUnknown = false;
  #isClosed = false;

  constructor(options: EndpointGroupOptions) {
    this.#options = options;
    const { hostname } = new URL(options.url);
    // URL puts brackets around IPv6 addresses.
    this.#name = isIP(hostname.replace(/^\[|\]$/g, "")) === 0 ? hostname : undefined;
  }

  /** Resolves when there is an endpoint; the name is looked up again and again from then on. */
  async start(): Promise<void> {
    if (this.#name !== undefined) {
      await withinTime(this.#look(), FIRST_LOOKUP_MS);
      this.#timer = setInterval(() => void this.#look(), this.#options.lookupEveryMs);
      this.#timer.unref();
    }
    if (this.#byAddresses.size === 0) this.#replaceBy([[]]);
  }

  get url(): string {
    return this.#options.url;
  }

  get endpoints(): readonly Endpoint[] {
    return this.#endpoints;
  }

  /** An endpoint could not be reached: it may be elsewhere by now. */
  lookAgain(): void {
    const isDue = performance.now() - this.#lookedAt >= MIN_LOOKUP_MS;
    if (this.#timer !== undefined && isDue && !this.#isClosed) void this.#look();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    await Promise.all(this.endpoints.map((endpoint) => endpoint.close()));
  }

  #look(): Promise<void> {
    this.#looking ??= this.#lookOnce().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #lookOnce(): Promise<void> {
    const { lookup, logger, scanner, url } = this.#options;
    this.#lookedAt = performance.now();
    try {
      const found = await lookup(this.#name as string);
      if (this.#isClosed) return;
      this.#replaceBy(endpointAddresses(found));
      if (this.#isUnknown) logger.info("scanner's name is known again", { scanner, url });
      this.#isUnknown = false;
    } catch (error) {
      const isNews = !this.#isUnknown && this.#byAddresses.size > 0;
      this.#isUnknown = true;
      const { code } = error as { code?: string };
      if (isNews) {
        logger.warn("scanner's name is not known, its last addresses stay", { scanner, url, code });
      }
    }
  }

  #replaceBy(sets: readonly (readonly string[])[]): void {
    const gone = new Map(this.#byAddresses);
    const { make, onAdded, url } = this.#options;
    for (const addresses of sets) {
      const key = addresses.join(" ");
      gone.delete(key);
      if (this.#byAddresses.has(key)) continue;
      const endpoint = make(url, addresses);
      this.#byAddresses.set(key, endpoint);
      onAdded(endpoint);
    }
    for (const [key, endpoint] of gone) {
      this.#byAddresses.delete(key);
      endpoint.retire();
    }
    this.#endpoints = [...this.#byAddresses.values()];
  }
}

/**
 * Which addresses belong to one endpoint. One of each family is one server, as `localhost` is, that
 * may listen on either; of more, nobody knows which belong together, and those of the family that
 * the system puts first are used.
 */
function endpointAddresses(found: readonly FoundAddress[]): string[][] {
  const families = Map.groupBy(found, ({ family }) => family);
  const [first = [], second = []] = [...families.values()].map((group) => [
    ...new Set(group.map(({ address }) => address)),
  ]);
  if (first.length === 0) throw new Error("a look-up without an answer");
  if (first.length === 1 && second.length === 1) return [[...first, ...second]];
  // In one order, whatever DNS shuffles: beyond the limit all pods see the same.
  return first
    .sort()
    .slice(0, MAX_ADDRESSES)
    .map((address) => [address]);
}

function withinTime(work: Promise<void>, ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  void work.finally(() => {
    clearTimeout(timer);
    resolve();
  });
  return promise;
}

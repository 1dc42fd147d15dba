import {
  ClientErrorCode,
  type IcapClient,
  IcapClientError,
  IcapClientPool,
  parseServiceUrl,
  type ServiceFacts,
  type ServiceUrl,
} from "../client/index.ts";
import { Circuit, type CircuitSettings, type ScannerCredentials } from "../scanning/index.ts";
import {
  type EndpointMetrics,
  type EndpointState,
  EpochChanges,
  type Logger,
} from "../telemetry/index.ts";
import { tagOf } from "./adapted-answer.ts";

export interface PeerOptions {
  /** `icap://host:port/service` or `icaps://…`. */
  readonly url: string;
  /** Requests at a time, and so connections kept. */
  readonly connections: number;
  readonly credentials: ScannerCredentials;
  readonly circuitBreaker: CircuitSettings;
  /** Between two OPTIONS requests, while the server answers them. */
  readonly probeEveryMs: number;
  readonly logger: Logger;
  readonly metrics: EndpointMetrics;
  /** For the log and the metrics. */
  readonly scanner: string;
}

const USER_AGENT = "Sluice";
const CONNECT_TIMEOUT_MS = 2000;
/** Every request has a signal that ends it in time; this ends connections that nobody uses. */
const IDLE_TIMEOUT_MS = 600_000;
const PROBE_TIMEOUT_MS = 5000;
/** While the server does not answer. */
const PROBE_AGAIN_MS = 2000;

/** One ICAP server: its connections, what it says of itself and how it has been doing. */
export class Peer {
  readonly #options: PeerOptions;
  #credentials: ScannerCredentials;
  #clients: IcapClientPool;
  readonly #circuit: Circuit;
  readonly #changes: EpochChanges;
  readonly #stop = new AbortController();
  #facts: ServiceFacts | undefined;
  #istag: string | undefined;
  #isHealthy: boolean | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: PeerOptions) {
    this.#options = options;
    this.#credentials = options.credentials;
    this.#clients = clientsOf(options, options.credentials);
    const { circuitBreaker, url, scanner, metrics, logger } = options;
    this.#changes = new EpochChanges({ scanner, metrics, logger });
    this.#circuit = new Circuit({
      ...circuitBreaker,
      subject: "ICAP server",
      names: () => ({ url }),
      scanner,
      metrics,
      logger,
    });
  }

  /** As metrics show it. */
  get state(): EndpointState {
    return {
      url: this.#options.url,
      address: "",
      isUp: this.#isHealthy === true,
      isEjected: !this.admits,
      requests: this.outstanding,
    };
  }

  /** Of the last OPTIONS answer; undefined before the first. */
  get facts(): ServiceFacts | undefined {
    return this.#facts;
  }

  /** Of the last answer, without its quotes; undefined of a server that gives none. */
  get istag(): string | undefined {
    return this.#istag;
  }

  get outstanding(): number {
    return this.#clients.inUse;
  }

  /** Undefined before the first probe has ended. */
  get isHealthy(): boolean | undefined {
    return this.#isHealthy;
  }

  /** Not left alone for its failures. */
  get admits(): boolean {
    return this.#circuit.admits;
  }

  /** Fields that prove who asks. */
  get fields(): readonly string[] {
    const { auth } = this.#credentials;
    return auth === undefined ? [] : [auth.name, auth.value];
  }

  /** Ends with everything under way when the peer is closed. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Resolves when the server was asked once what it is; it is then asked again and again. */
  async start(): Promise<void> {
    await this.#probe();
    if (this.#stop.signal.aborted) return;
    const pauseMs = this.#isHealthy ? this.#options.probeEveryMs : PROBE_AGAIN_MS;
    this.#timer = setTimeout(() => void this.start(), pauseMs);
    this.#timer.unref();
  }

  /** As `IcapClientPool.use`, for one scan, whose signal it is; counts for the breaker. */
  async use<T>(signal: AbortSignal, work: (client: IcapClient) => Promise<T>): Promise<T> {
    this.#circuit.admit();
    let dueSince = this.#circuit.now();
    const ended = (failed: boolean, why?: string): void =>
      this.#circuit.ended({ failed, signal, dueSince, why });
    try {
      const done = await this.#clients.use((client) => {
        dueSince = this.#circuit.now();
        return work(client);
      });
      ended(false);
      return done;
    } catch (error) {
      if (this.#stop.signal.aborted) this.#circuit.abandoned();
      else ended(true, reasonOf(error));
      throw error;
    }
  }

  /** Any answer may bring a new tag (RFC 3507 §4.7). */
  learnTag(tag: string | undefined): void {
    if (tag === undefined || tag === this.#istag) return;
    const isChange = this.#istag !== undefined;
    this.#istag = tag;
    if (isChange) this.#changes.tell(tag);
  }

  /** For connections and requests from now on. */
  replaceCredentials(credentials: ScannerCredentials): void {
    const old = this.#clients;
    this.#credentials = credentials;
    this.#clients = clientsOf(this.#options, credentials);
    old.retire();
  }

  close(): void {
    this.#stop.abort();
    clearTimeout(this.#timer);
    this.#clients.close();
  }

  async #probe(): Promise<void> {
    const why = await this.#ask();
    const isHealthy = why === undefined;
    if (!this.#stop.signal.aborted)
      this.#options.metrics.probeEnded(this.#options.scanner, isHealthy);
    if (isHealthy === this.#isHealthy || this.#stop.signal.aborted) return;
    if (!isHealthy) this.#log("warn", "ICAP server does not answer", why);
    else if (this.#isHealthy === false) this.#log("info", "ICAP server answers again");
    this.#isHealthy = isHealthy;
  }

  /** Why the server cannot be counted on; undefined when it can. */
  async #ask(): Promise<string | undefined> {
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(PROBE_TIMEOUT_MS)]);
    const { fields } = this;
    try {
      const facts = await this.#clients.use((client) => client.options({ fields, signal }));
      if (facts.status !== 200) return `OPTIONS answered ICAP ${facts.status} ${facts.reason}`;
      this.#learn(facts);
      return undefined;
    } catch (error) {
      return reasonOf(error);
    }
  }

  #learn(facts: ServiceFacts): void {
    const { maxConnections } = facts;
    const { connections } = this.#options;
    const isNew = this.#facts?.maxConnections !== maxConnections;
    this.#facts = facts;
    this.learnTag(tagOf(facts.fields));
    if (isNew && maxConnections !== undefined && maxConnections < connections) {
      const why = `it wants at most ${maxConnections} connections; limits.concurrency is ${connections}`;
      this.#log("warn", "ICAP server may be overloaded", why);
    }
  }

  #log(level: "info" | "warn", message: string, why?: string): void {
    const { logger, scanner, url } = this.#options;
    logger[level](message, { scanner, url, ...(why !== undefined && { why }) });
  }
}

function clientsOf({ url, connections }: PeerOptions, { tls }: ScannerCredentials): IcapClientPool {
  const client = {
    url: urlOf(url),
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    idleTimeoutMs: IDLE_TIMEOUT_MS,
    userAgent: USER_AGENT,
    ca: tls?.ca,
    certificate: tls?.certificate,
    serverName: tls?.serverName,
    minTlsVersion: tls?.minVersion,
  };
  return new IcapClientPool(client, connections);
}

function urlOf(text: string): ServiceUrl {
  const url = parseServiceUrl(text);
  if (url === undefined) throw new Error(`not an ICAP URL: ${text}`);
  return url;
}

/** One line for a person, with nothing of what came over the wire but a malformed start of it. */
export function reasonOf(error: unknown): string {
  return error instanceof IcapClientError ? error.message : "the exchange failed";
}

/** Another server may do better: the failure is not of the entity, and not the caller's wish. */
export function isWorthARetry(error: unknown): boolean {
  if (!(error instanceof IcapClientError)) return false;
  return error.code !== ClientErrorCode.Aborted && error.code !== ClientErrorCode.Body;
}

import { lookup } from "node:dns/promises";
import type { Entity } from "../../entity/index.ts";
import { type EndpointMetrics, type EndpointState, EpochChanges } from "../../telemetry/index.ts";
import type { RemoteScannerOptions, ScannerCredentials } from "../remote-scanner.ts";
import { Retries } from "../retries.ts";
import {
  type Beginning,
  type FollowContext,
  type ScanContext,
  type Scanner,
  ScanStage,
} from "../scanner.ts";
import { CacheScope, errorVerdict, type Verdict, VerdictKind, VerdictReason } from "../verdict.ts";
import type { Answer } from "./answer.ts";
import { Endpoint } from "./endpoint.ts";
import type { FoundAddress } from "./endpoint-group.ts";
import { EndpointPool } from "./endpoint-pool.ts";
import { EpochWindow } from "./epoch-window.ts";
import { decodeJob } from "./job.ts";
import { awaitVerdict, followScan, refusePending } from "./pending-scan.ts";
import type { ContentKeeper } from "./replaced-content.ts";
import { arrivingRequest, beginningRequest, scanRequest } from "./scan-request.ts";
import { cacheScopeOf, isAskedAt, refusalOf, takesArriving, wantsContent } from "./scanner-info.ts";

export interface ScanV1Options extends RemoteScannerOptions {
  /** Base URLs of equal replicas; a name may stand for several. */
  readonly urls: readonly string[];
  readonly metrics: EndpointMetrics;
  /** Where content that the scanner puts in place of entities is kept; left out: it may not. */
  readonly replacements?: ContentKeeper;
  /** All addresses of a host name; left out: as the system has them, /etc/hosts with it. */
  readonly lookup?: (name: string) => Promise<readonly FoundAddress[]>;
  readonly lookupEveryMs?: number;
}

/** Epoch of a scanner that has not told its own. */
const UNKNOWN_EPOCH = "unknown";
/**
 * Ten probes of an undisturbed endpoint, and sixty while replicas differ: enough to see each of some
 * ten replicas behind one address, so that a rollout does not look like several.
 */
const EPOCH_WINDOW_MS = 300_000;
/** What resolvers of clusters let names live for, more or less. */
const LOOKUP_EVERY_MS = 10_000;
const now = (): number => performance.now();

/**
 * A scanner that speaks scan/v1 over HTTP, at one address or several. Resolves when each address
 * has been asked once what it is; one that does not answer is logged, and asked again.
 *
 * @example
 * const scanner = await createScanV1Scanner({ name: "clamav", urls: ["http://clamav:8080"], … });
 * const verdict = await scanner.scan(entity, context);
 */
export async function createScanV1Scanner(options: ScanV1Options): Promise<Scanner> {
  const scanner = new ScanV1Scanner(options);
  await scanner.start();
  return scanner;
}

class ScanV1Scanner implements Scanner {
  readonly name: string;
  readonly #options: ScanV1Options;
  readonly #epochs: EpochWindow;
  readonly #pool: EndpointPool;
  readonly #retries: Retries;
  readonly #ends: (() => void)[];
  #credentials: ScannerCredentials;
  #isClosed = false;

  constructor(options: ScanV1Options) {
    const { name, credentials, metrics } = options;
    this.name = name;
    this.#options = options;
    this.#credentials = credentials;
    const changes = new EpochChanges({ scanner: name, metrics, logger: options.logger });
    const onChange = (epoch: string): void => changes.tell(epoch);
    this.#epochs = new EpochWindow({ windowMs: EPOCH_WINDOW_MS, now, onChange });
    this.#retries = new Retries({ scanner: name, retry: options.retry, metrics });
    this.#pool = new EndpointPool({
      ...options,
      scanner: name,
      lookup: options.lookup ?? ((host) => lookup(host, { all: true })),
      lookupEveryMs: options.lookupEveryMs ?? LOOKUP_EVERY_MS,
      isChanging: () => this.#epochs.size > 1,
      make: (url, addresses) => this.#endpoint(url, addresses),
    });
    this.#ends = [metrics.watchEndpoints(name, () => this.#pool.endpoints.map(stateOf))];
  }

  async start(): Promise<void> {
    await this.#pool.start();
    const end = this.#options.onCredentials?.((credentials) => {
      this.#credentials = credentials;
      for (const endpoint of this.#pool.endpoints) endpoint.replaceCredentials(credentials);
    });
    if (end !== undefined) this.#ends.push(end);
  }

  /** Of all replicas: while signatures are rolled out, neither the old nor the new alone. */
  get epoch(): string {
    return this.#epochs.current ?? UNKNOWN_EPOCH;
  }

  /**
   * Of all replicas: where they differ, or have not all said it yet, nothing is remembered. One that
   * is nothing but `POST /v1/scan` judges the content.
   */
  get cacheScope(): CacheScope {
    let scope: CacheScope | undefined;
    for (const { info, isHealthy } of this.#pool.endpoints) {
      const isUntold = info === undefined && isHealthy !== true;
      const said = isUntold ? CacheScope.None : cacheScopeOf(info);
      if (said !== (scope ?? said)) return CacheScope.None;
      scope = said;
    }
    return scope ?? CacheScope.None;
  }

  get takesArriving(): boolean {
    return this.#pool.endpoints.every(({ info }) => takesArriving(info));
  }

  /** What the replica takes that takes most; `scan` knows which one it asks. */
  get maxBytes(): number {
    return Math.max(
      ...this.#pool.endpoints.map(({ info }) =>
        wantsContent(info) ? (info?.maxBytes ?? Infinity) : Infinity,
      ),
    );
  }

  async scan(entity: Entity, context: ScanContext): Promise<Verdict> {
    const verdict = await this.#scan(entity, context);
    if (verdict.kind === VerdictKind.Error) {
      const { reason, message: why } = verdict;
      this.#options.logger.debug("scanner gave no verdict", { scanner: this.name, reason, why });
    }
    return verdict;
  }

  /** While no replica has said what it is, it may be one that judges by the heads: it is asked, and fails. */
  get stages(): readonly ScanStage[] {
    const isUnknown = this.#pool.endpoints.every(
      ({ info, isHealthy }) => info === undefined && isHealthy !== true,
    );
    if (isUnknown) return [ScanStage.Headers];
    return STAGES.filter((stage) =>
      this.#pool.endpoints.some(({ info }) => isAskedAt(stage, info)),
    );
  }

  /** Asked once: what fails here is tried again with the whole entity. */
  async screen(beginning: Beginning, context: ScanContext): Promise<Verdict | undefined> {
    const endpoint = this.#pool.choose(new Set());
    const info = endpoint?.info;
    if (endpoint === undefined || !isAskedAt(beginning.stage, info)) return undefined;
    const bytes = beginning.bytes.subarray(0, info?.previewBytes);
    const request = beginningRequest({ ...beginning, bytes }, context);
    const { verdict } = await endpoint.use(async () =>
      withoutWaiting(endpoint, await endpoint.scan(request), context),
    );
    return verdict.kind === VerdictKind.Clean || verdict.kind === VerdictKind.Blocked
      ? verdict
      : undefined;
  }

  async follow(text: string, context: FollowContext): Promise<Verdict> {
    const job = decodeJob(text);
    const endpoint = job && this.#pool.find(job.url, job.address);
    if (job === undefined || endpoint === undefined) {
      return errorVerdict(VerdictReason.EngineError, `the job is none of ${this.name}`);
    }
    const { path } = job;
    const { verdict } = await endpoint.use(() => followScan({ endpoint, path, context }));
    if (verdict.kind !== VerdictKind.Error || !this.#isClosed) return verdict;
    // It failed for its connections were closed; the scan goes on where it runs.
    return { kind: VerdictKind.Pending, threats: [], job: text };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const end of this.#ends.splice(0)) end();
    await this.#pool.close();
  }

  #endpoint(url: string, addresses: readonly string[]): Endpoint {
    const { name, connections, circuitBreaker, metrics, logger } = this.#options;
    return new Endpoint({
      url,
      addresses,
      connections,
      credentials: this.#credentials,
      circuitBreaker,
      epochs: this.#epochs,
      onUnreachable: (endpoint) => this.#pool.lookAgain(endpoint),
      metrics,
      logger,
      scanner: name,
    });
  }

  async #scan(entity: Entity, context: ScanContext): Promise<Verdict> {
    const tried = new Set<Endpoint>();
    let last: Verdict | undefined;
    this.#retries.scanBegan();
    for (let attempt = 1; attempt <= this.#retries.maxAttempts; attempt += 1) {
      if (attempt > 1 && !(await this.#retries.mayRetry(context.signal))) break;
      if (context.signal.aborted || this.#isClosed) return this.#stopped();
      const endpoint = this.#pool.choose(tried);
      if (endpoint === undefined) break;
      const answer = await endpoint.use(() => this.#ask(endpoint, entity, context));
      if (!answer.retry) return answer.verdict;
      last = answer.verdict;
      tried.add(endpoint);
    }
    return last ?? errorVerdict(VerdictReason.Overload, "the scanner is left alone for a while");
  }

  async #ask(endpoint: Endpoint, entity: Entity, context: ScanContext): Promise<Answer> {
    const { arriving } = context;
    const refusal = refusalOf(entity, endpoint.info);
    if (refusal !== undefined) return { verdict: refusal, retry: false, failed: false };
    if (arriving !== undefined) {
      const answer = await endpoint.scan(arrivingRequest(arriving, context));
      return withoutWaiting(endpoint, answer, context);
    }
    const request = scanRequest(entity, context, {
      sendsContent: wantsContent(endpoint.info),
      keeper: this.#options.replacements,
    });
    const answer = await endpoint.scan(request);
    if (answer.verdict.kind !== VerdictKind.Pending) return answer;
    return awaitVerdict(endpoint, answer, { ...context, keeper: request.keeper });
  }

  #stopped(): Verdict {
    return this.#isClosed
      ? errorVerdict(VerdictReason.EngineError, `${this.name} is closed`)
      : errorVerdict(VerdictReason.Timeout, `${this.name} was told to stop`);
  }
}

const STAGES = Object.values(ScanStage);

/** The answer to a question whose verdict is of no use later. */
function withoutWaiting(endpoint: Endpoint, answer: Answer, context: ScanContext): Answer {
  const isPending = answer.verdict.kind === VerdictKind.Pending;
  return isPending ? refusePending(endpoint, answer, context) : answer;
}

function stateOf(endpoint: Endpoint): EndpointState {
  const { url, address = "", isHealthy = false, admits, outstanding } = endpoint;
  return { url, address, isUp: isHealthy, isEjected: !admits, requests: outstanding };
}

import { Readable } from "node:stream";
import { type Entity, readContent } from "../../entity/index.ts";
import type { Logger } from "../../telemetry/index.ts";
import { pause } from "../pause.ts";
import type { ScanContext, Scanner } from "../scanner.ts";
import { errorVerdict, type Verdict, VerdictKind, VerdictReason } from "../verdict.ts";
import type { Answer } from "./answer.ts";
import type { HttpRequest, ScanV1Credentials } from "./connection.ts";
import { Endpoint } from "./endpoint.ts";
import { EndpointPool } from "./endpoint-pool.ts";
import { awaitVerdict } from "./pending-scan.ts";
import { requestFields } from "./request-fields.ts";
import { RetryBudget } from "./retry-budget.ts";
import { refusalOf, wantsContent } from "./scanner-info.ts";

export type { ScanV1Credentials } from "./connection.ts";

export interface ScanV1Options {
  readonly name: string;
  /** Base URLs of equal replicas. */
  readonly urls: readonly string[];
  /** Connections to each of them. */
  readonly connections: number;
  readonly retry: {
    /** Attempts in all. */
    readonly attempts: number;
    readonly budgetPercent: number;
    readonly backoffMs: number;
  };
  readonly circuitBreaker: { readonly failures: number; readonly openForMs: number };
  readonly credentials: ScanV1Credentials;
  readonly logger: Logger;
}

/** Epoch of a scanner that has not told its own. */
const UNKNOWN_EPOCH = "unknown";

/**
 * A scanner that speaks scan/v1 over HTTP, at one address or several. Resolves when each address
 * has been asked once what it is; one that does not answer is logged, and asked again.
 *
 * @example
 * const scanner = await createScanV1Scanner({ name: "clamav", urls: ["http://clamav:8080"], … });
 * const verdict = await scanner.scan(entity, context);
 */
export async function createScanV1Scanner(options: ScanV1Options): Promise<Scanner> {
  const pool = new EndpointPool(
    options.urls.map(
      (url) =>
        new Endpoint({
          url,
          connections: options.connections,
          credentials: options.credentials,
          circuitBreaker: { ...options.circuitBreaker, now: () => performance.now() },
          logger: options.logger,
          scanner: options.name,
        }),
    ),
  );
  await pool.start();
  return new ScanV1Scanner(pool, options);
}

class ScanV1Scanner implements Scanner {
  readonly name: string;
  readonly #pool: EndpointPool;
  readonly #options: ScanV1Options;
  readonly #budget: RetryBudget;
  #isClosed = false;

  constructor(pool: EndpointPool, options: ScanV1Options) {
    this.name = options.name;
    this.#pool = pool;
    this.#options = options;
    this.#budget = new RetryBudget(options.retry.budgetPercent);
  }

  /** Of all replicas: while signatures are rolled out, neither the old nor the new alone. */
  get epoch(): string {
    const known = this.#pool.endpoints.map(({ epoch }) => epoch);
    const distinct = new Set(known.filter((epoch) => epoch !== undefined));
    return distinct.size === 0 ? UNKNOWN_EPOCH : [...distinct].sort().join(",");
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

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#pool.close();
  }

  async #scan(entity: Entity, context: ScanContext): Promise<Verdict> {
    const tried = new Set<Endpoint>();
    let last: Verdict | undefined;
    this.#budget.deposit();
    for (let attempt = 1; attempt <= this.#options.retry.attempts; attempt += 1) {
      if (attempt > 1 && !(await this.#mayRetry(context.signal))) break;
      if (context.signal.aborted || this.#isClosed) return this.#stopped();
      const endpoint = this.#pool.choose(tried);
      if (endpoint === undefined) break;
      const answer = await this.#ask(endpoint, entity, context);
      if (!answer.retry) return answer.verdict;
      last = answer.verdict;
      tried.add(endpoint);
    }
    return last ?? errorVerdict(VerdictReason.Overload, "the scanner is left alone for a while");
  }

  async #ask(endpoint: Endpoint, entity: Entity, context: ScanContext): Promise<Answer> {
    const refusal = refusalOf(entity, endpoint.info);
    if (refusal !== undefined) return { verdict: refusal, retry: false, failed: false };
    const answer = await endpoint.scan(requestOf(entity, context, wantsContent(endpoint.info)));
    return answer.verdict.kind !== VerdictKind.Pending
      ? answer
      : awaitVerdict(endpoint, answer, context);
  }

  /** Whether the budget has a retry; the pause before it is over then. */
  async #mayRetry(signal: AbortSignal): Promise<boolean> {
    if (!this.#budget.withdraw()) return false;
    // Jittered by half, so that those who failed together do not come back together.
    const backoffMs = this.#options.retry.backoffMs * (0.5 + Math.random() / 2);
    await pause(backoffMs, signal);
    return true;
  }

  #stopped(): Verdict {
    return this.#isClosed
      ? errorVerdict(VerdictReason.EngineError, `${this.name} is closed`)
      : errorVerdict(VerdictReason.Timeout, `${this.name} was told to stop`);
  }
}

function requestOf(entity: Entity, context: ScanContext, sendsContent: boolean): HttpRequest {
  const { deadlineAt, signal } = context;
  const leftMs = deadlineAt === undefined ? undefined : deadlineAt - performance.now();
  return {
    method: "POST",
    path: "",
    headers: requestFields({ entity, context, sendsContent, leftMs }),
    body: sendsContent && entity.size > 0 ? bodyOf(entity) : undefined,
    signal,
  };
}

/** Memory goes out as one buffer, a file piece by piece as the connection takes it. */
function bodyOf({ content }: Entity): Buffer | Readable {
  return content.kind === "memory"
    ? content.data
    : Readable.from(readContent(content), { objectMode: false });
}

import type { Logger } from "../../telemetry/index.ts";
import { VerdictReason } from "../verdict.ts";
import { type Answer, answerOf, epochOf, failure, type Reply } from "./answer.ts";
import { CircuitBreaker, type CircuitBreakerOptions } from "./circuit-breaker.ts";
import { Connection, type HttpRequest, type ScanV1Credentials } from "./connection.ts";
import { readInfo, type ScannerInfo } from "./scanner-info.ts";

export interface EndpointOptions {
  /** Base URL; the paths of scan/v1 are added. */
  readonly url: string;
  readonly connections: number;
  readonly credentials: ScanV1Credentials;
  readonly circuitBreaker: CircuitBreakerOptions;
  readonly logger: Logger;
  /** For the log. */
  readonly scanner: string;
}

const PROBE_TIMEOUT_MS = 5000;
/** Codes of undici and of the system that mean: no connection, so nothing was sent. */
const UNSENT = new Set([
  ...["UND_ERR_CONNECT_TIMEOUT", "ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN"],
  ...["EHOSTUNREACH", "ENETUNREACH", "ETIMEDOUT"],
]);
/** The connection ended with no answer on it. A scan only reads, so it may be asked for again. */
const UNANSWERED = new Set(["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"]);

/** One address of a scanner: its connections, what it says of itself and how it has been doing. */
export class Endpoint {
  readonly #options: EndpointOptions;
  readonly #base: URL;
  readonly #breaker: CircuitBreaker;
  readonly #connection: Connection;
  #isHealthy: boolean | undefined;
  #pausedUntil = 0;
  #info: ScannerInfo | undefined;
  #epoch: string | undefined;
  #outstanding = 0;

  constructor(options: EndpointOptions) {
    this.#options = options;
    this.#base = new URL(options.url);
    this.#breaker = new CircuitBreaker(options.circuitBreaker);
    this.#connection = new Connection(this.#base.origin, options.connections, options.credentials);
  }

  get url(): string {
    return this.#options.url;
  }

  get origin(): string {
    return this.#base.origin;
  }

  /** Requests under way. */
  get outstanding(): number {
    return this.#outstanding;
  }

  /** What the last probe said; undefined before the first answer and of scanners that say nothing. */
  get info(): ScannerInfo | undefined {
    return this.#info;
  }

  get epoch(): string | undefined {
    return this.#epoch;
  }

  /** Not left alone for its failures, nor at its own wish. */
  get admits(): boolean {
    return this.#breaker.admits && this.#options.circuitBreaker.now() >= this.#pausedUntil;
  }

  /** Undefined before the first probe has ended. */
  get isHealthy(): boolean | undefined {
    return this.#isHealthy;
  }

  /** A scan. Never rejects. */
  async scan(request: HttpRequest): Promise<Answer> {
    this.#breaker.admit();
    const answer = await this.ask({ ...request, path: this.#pathOf("/v1/scan") });
    this.#record(answer, request.signal.aborted);
    if (answer.pauseMs !== undefined && answer.retry) {
      this.#pausedUntil = this.#options.circuitBreaker.now() + answer.pauseMs;
    }
    return answer;
  }

  /** Tells the breaker, and the log when that opens or closes it. */
  #record({ failed, verdict }: Answer, isAborted: boolean): void {
    const wasOpen = this.#breaker.isOpen;
    if (isAborted) this.#breaker.abandoned();
    else if (failed) this.#breaker.failed();
    else this.#breaker.succeeded();
    if (this.#breaker.isOpen === wasOpen) return;
    const { logger, scanner, url } = this.#options;
    if (wasOpen) logger.info("scanner works again", { scanner, url });
    else logger.warn("scanner keeps failing, left alone", { scanner, url, why: verdict.message });
  }

  /** Any request whose answer is one of a scan. Never rejects. */
  async ask(request: HttpRequest): Promise<Answer> {
    this.#outstanding += 1;
    try {
      const reply = await this.#connection.exchange(request);
      this.#epoch = epochOf(reply) ?? this.#epoch;
      return answerOf(reply);
    } catch (error) {
      return answerOfFailure(error, request.signal);
    } finally {
      this.#outstanding -= 1;
    }
  }

  /** Asks what the scanner is, and so whether it is there. Logs when that changes. Never rejects. */
  async probe(): Promise<void> {
    const why = await this.#probe();
    const isHealthy = why === undefined;
    if (isHealthy === this.#isHealthy) return;
    const { logger, scanner, url } = this.#options;
    if (!isHealthy) logger.warn("scanner does not answer", { scanner, url, why });
    else if (this.#isHealthy === false) logger.info("scanner answers again", { scanner, url });
    this.#isHealthy = isHealthy;
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  /** Why the endpoint cannot be counted on; undefined when it can. */
  async #probe(): Promise<string | undefined> {
    try {
      const reply = await this.#connection.exchange({
        method: "GET",
        path: this.#pathOf("/v1/info"),
        headers: { accept: "application/json" },
        signal: AbortSignal.timeout(PROBE_TIMEOUT_MS),
      });
      return this.#learn(reply);
    } catch (error) {
      return reasonOf(error);
    }
  }

  #learn({ status, json }: Reply): string | undefined {
    // A scanner may be nothing but POST /v1/scan.
    if (status === 404) return undefined;
    if (status !== 200) return `/v1/info answered ${status}`;
    const info = typeof json === "string" ? readInfo(json) : undefined;
    if (info === undefined) return "/v1/info gave no scan/v1 document";
    this.#info = info;
    this.#epoch = info.epoch ?? this.#epoch;
    return undefined;
  }

  #pathOf(path: string): string {
    return this.#base.pathname.replace(/\/$/, "") + path;
  }
}

function answerOfFailure(error: unknown, signal: AbortSignal): Answer {
  if (signal.aborted) return failure(VerdictReason.Timeout, "the scan was aborted");
  const code = codeOf(error);
  return failure(
    VerdictReason.EngineError,
    reasonOf(error),
    UNSENT.has(code) || UNANSWERED.has(code),
  );
}

/** Code and system call say all; messages of TLS and undici may quote what came over the wire. */
function reasonOf(error: unknown): string {
  const code = codeOf(error);
  if (error instanceof DOMException && error.name === "TimeoutError") return "no answer in time";
  return code === "" ? "the exchange failed" : `the exchange failed: ${code}`;
}

function codeOf(error: unknown): string {
  const { code } = error as { code?: unknown };
  return typeof code === "string" ? code : "";
}

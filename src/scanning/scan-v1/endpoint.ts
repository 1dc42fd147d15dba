import { Readable } from "node:stream";
import { EjectionReason, type EndpointMetrics, type Logger } from "../../telemetry/index.ts";
import { Circuit, type CircuitSettings } from "../circuit.ts";
import type { ScannerCredentials } from "../remote-scanner.ts";
import { isOutOfTime } from "../silence.ts";
import { VerdictReason } from "../verdict.ts";
import { type Answer, answerOf, epochOf, failure, type Reply } from "./answer.ts";
import { Connection, type HttpRequest } from "./connection.ts";
import type { EpochWindow } from "./epoch-window.ts";
import { pinnedLookup } from "./pinned-lookup.ts";
import { readInfo, type ScannerInfo } from "./scanner-info.ts";

export interface EndpointOptions {
  /** Base URL; the paths of scan/v1 are added. */
  readonly url: string;
  /** What the name in the URL stands for here; empty: what the system says at each connection. */
  readonly addresses: readonly string[];
  readonly connections: number;
  readonly credentials: ScannerCredentials;
  readonly circuitBreaker: CircuitSettings;
  /** Told of every epoch that an answer shows. */
  readonly epochs: EpochWindow;
  /** Called when no connection comes about. */
  readonly onUnreachable: (endpoint: Endpoint) => void;
  readonly metrics: EndpointMetrics;
  readonly logger: Logger;
  /** For the log and the metrics. */
  readonly scanner: string;
}

const PROBE_TIMEOUT_MS = 5000;
/** Long polls of scans that nobody waits for last, and must keep no connection from those that are waited for. */
const FOLLOW_CONNECTIONS = 256;
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
  readonly #circuit: Circuit;
  #connection: Connection;
  /** Made when the first scan is followed: most endpoints never have one. */
  #follows: Connection | undefined;
  #credentials: ScannerCredentials;
  #isHealthy: boolean | undefined;
  #pausedUntil = 0;
  #info: ScannerInfo | undefined;
  #outstanding = 0;
  #users = 0;
  #isRetired = false;

  constructor(options: EndpointOptions) {
    this.#options = options;
    this.#base = new URL(options.url);
    const { circuitBreaker, scanner, metrics, logger } = options;
    this.#circuit = new Circuit({
      ...circuitBreaker,
      subject: "scanner",
      names: () => this.#names(),
      scanner,
      metrics,
      logger,
    });
    this.#credentials = options.credentials;
    this.#connection = this.#connect(options.connections);
  }

  get url(): string {
    return this.#options.url;
  }

  /** The first of its addresses; undefined when its URL stands for itself. */
  get address(): string | undefined {
    return this.#options.addresses[0];
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

  /** Not left alone for its failures, nor at its own wish. */
  get admits(): boolean {
    return this.#circuit.admits && this.#circuit.now() >= this.#pausedUntil;
  }

  /** Undefined before the first probe has ended. */
  get isHealthy(): boolean | undefined {
    return this.#isHealthy;
  }

  /** Not to be asked any more. */
  get isRetired(): boolean {
    return this.#isRetired;
  }

  /** Its requests from now on carry these; those under way end as they began. */
  replaceCredentials(credentials: ScannerCredentials): void {
    const old = [this.#connection, this.#follows];
    this.#credentials = credentials;
    this.#connection = this.#connect(this.#options.connections);
    this.#follows = undefined;
    for (const connection of old) void connection?.drain();
  }

  /** Work of several requests, during which `retire` does not end it. */
  async use<T>(work: () => Promise<T>): Promise<T> {
    this.#users += 1;
    try {
      return await work();
    } finally {
      this.#users -= 1;
      this.#closeIfUnused();
    }
  }

  /** It is not asked any more: it closes as soon as nobody uses it. */
  retire(): void {
    this.#isRetired = true;
    this.#closeIfUnused();
  }

  /** A scan. Never rejects. */
  async scan(request: HttpRequest): Promise<Answer> {
    this.#circuit.admit();
    const { signal, body } = request;
    let dueSince = this.#circuit.now();
    // Bytes may still arrive from their sender: until the last was sent, nothing is due.
    if (body instanceof Readable) body.once("end", () => (dueSince = this.#circuit.now()));
    const answer = await this.ask({ ...request, path: this.#pathOf("/v1/scan") });
    const { failed, verdict } = answer;
    this.#circuit.ended({ failed, signal, dueSince, why: verdict.message });
    if (answer.pauseMs !== undefined && answer.retry) this.#leaveFor(answer.pauseMs);
    return answer;
  }

  /** Asks about a scan that was accepted. Never rejects. */
  poll(request: HttpRequest): Promise<Answer> {
    return this.#exchange(this.#connection, request, pollAnswerOf);
  }

  /** The same of a scan that nobody waits for. */
  pollFollowed(request: HttpRequest): Promise<Answer> {
    this.#follows ??= this.#connect(FOLLOW_CONNECTIONS);
    return this.#exchange(this.#follows, request, pollAnswerOf);
  }

  /** Any request whose answer is one of a scan. Never rejects. */
  ask(request: HttpRequest): Promise<Answer> {
    return this.#exchange(this.#connection, request, answerOf);
  }

  /** Asks what the scanner is, and so whether it is there. Logs when that changes. Never rejects. */
  async probe(): Promise<void> {
    const why = await this.#probe();
    const isHealthy = why === undefined;
    const { logger, metrics, scanner } = this.#options;
    metrics.probeEnded(scanner, isHealthy);
    if (isHealthy === this.#isHealthy) return;
    if (!isHealthy) logger.warn("scanner does not answer", { scanner, ...this.#names(), why });
    else if (this.#isHealthy === false)
      logger.info("scanner answers again", { scanner, ...this.#names() });
    this.#isHealthy = isHealthy;
  }

  async close(): Promise<void> {
    await Promise.all([this.#connection.close(), this.#follows?.close()]);
  }

  #connect(connections: number): Connection {
    const addresses = pinnedLookup(this.#options.addresses);
    return new Connection(this.#base.origin, connections, this.#credentials, addresses);
  }

  #closeIfUnused(): void {
    if (this.#isRetired && this.#users === 0) void this.close();
  }

  async #exchange(
    connection: Connection,
    request: HttpRequest,
    read: (reply: Reply) => Answer,
  ): Promise<Answer> {
    this.#outstanding += 1;
    try {
      const reply = await connection.exchange(request);
      const epoch = epochOf(reply);
      const answer = read(reply);
      if (epoch === undefined) return answer;
      this.#options.epochs.saw(epoch);
      return { ...answer, verdict: { ...answer.verdict, epoch } };
    } catch (error) {
      if (UNSENT.has(codeOf(error))) this.#options.onUnreachable(this);
      return answerOfFailure(error, request.signal);
    } finally {
      this.#outstanding -= 1;
    }
  }

  #leaveFor(pauseMs: number): void {
    const { metrics, scanner } = this.#options;
    this.#pausedUntil = this.#circuit.now() + pauseMs;
    if (pauseMs > 0) metrics.endpointEjected(scanner, EjectionReason.Busy);
  }

  #names(): { readonly url: string; readonly address?: string } {
    const { address, url } = this;
    return { url, ...(address !== undefined && { address }) };
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
    if (info.epoch !== undefined) this.#options.epochs.saw(info.epoch);
    return undefined;
  }

  #pathOf(path: string): string {
    return this.#base.pathname.replace(/\/$/, "") + path;
  }
}

function pollAnswerOf(reply: Reply): Answer {
  return lostScan(reply) ?? answerOf(reply);
}

/** Of a scan that was accepted, and that the scanner does not know, or not any more. */
function lostScan({ status }: Reply): Answer | undefined {
  if (status !== 404 && status !== 410) return undefined;
  const why = status === 404 ? "has lost the scan" : "did not keep the scan so long";
  return failure(VerdictReason.EngineError, `the scanner ${why}: it answered ${status}`);
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
  if (isOutOfTime(error)) return "no answer in time";
  return code === "" ? "the exchange failed" : `the exchange failed: ${code}`;
}

function codeOf(error: unknown): string {
  const { code } = error as { code?: unknown };
  return typeof code === "string" ? code : "";
}

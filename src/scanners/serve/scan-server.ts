import { once } from "node:events";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Server as TlsServer } from "node:https";
import { setTimeout as pause } from "node:timers/promises";
import type { SecureContextOptions } from "node:tls";
import { errorVerdict, type Verdict, VerdictKind, VerdictReason } from "../../scanning/index.ts";
import { type Logger, MetricsRegistry, metricsContentType } from "../../telemetry/index.ts";
import { createListener } from "./listener.ts";
import { answer, json, linger, type Page, text } from "./page.ts";
import { isScanPath, jobOfPath, pathOfJob, pollMsOf } from "./pending-scans.ts";
import { sendReplacement, takesReplacement } from "./replaced-content.ts";
import { RequestBody } from "./request-body.ts";
import { GivenUp, mustHaveRoom, within } from "./request-bounds.ts";
import { scanTimeMs } from "./scan-deadline.ts";
import type { EngineVerdict, ScanEngine } from "./scan-engine.ts";
import { type ScanHead, scanHead } from "./scan-head.ts";
import { ScanProblem } from "./scan-problem.ts";
import { checkAsked, scanSubject } from "./scan-subject.ts";
import { ScanTally } from "./scan-tally.ts";
import { type AccessFiles, ServerAccess } from "./server-access.ts";
import { cacheControl, infoJson, verdictField, verdictJson } from "./verdict-json.ts";

export interface ScanServerOptions {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly engine: ScanEngine;
  /** Bodies above this are answered 413. */
  readonly maxBytes: number;
  /** What comes on top is answered 503. */
  readonly maxConcurrentScans: number;
  /** Longest time for a scan, with its upload; a client may ask for less. */
  readonly scanTimeoutMs: number;
  /** How long requests are still taken after `drain` is called. */
  readonly drainDelayMs: number;
  /** How long scans under way may take after that. */
  readonly drainTimeoutMs: number;
  /** Adds metrics of the process. */
  readonly processMetrics: boolean;
  readonly logger: Logger;
  /** Left out: HTTP without TLS, and whoever reaches it may scan. */
  readonly access?: AccessFiles;
}

/** Polls of scans that go on elsewhere, to a place of a scan: they take a connection and little else. */
const POLLS_PER_PLACE = 16;
const SCAN_PATH = "/v1/scan";
/** For the metric only, as nginx has it: nobody is there to get an answer. */
const CLIENT_GONE = 499;

/**
 * The scan/v1 server of every shipped scanner: HTTP/1.1 in front of a `ScanEngine`.
 *
 * @example
 * const server = new ScanServer({ host: "127.0.0.1", port: 8080, engine, … });
 * await server.start();
 * await server.drain();
 */
export class ScanServer {
  readonly #options: ScanServerOptions;
  #server: Server | undefined;
  #access: ServerAccess | undefined;
  readonly #tally = new ScanTally();
  readonly #registry: MetricsRegistry;
  readonly #scans = new Set<AbortController>();
  readonly #polls = new Set<AbortController>();
  readonly #cutShort = new AbortController();
  #isDraining = false;

  constructor(options: ScanServerOptions) {
    this.#options = options;
    this.#registry = new MetricsRegistry({ processMetrics: options.processMetrics });
    this.#tally.expose(this.#registry, () => this.#notReady() === undefined);
    options.engine.expose(this.#registry);
  }

  /**
   * Rejects with the error of `listen` when the address is not to be had, and when a file of
   * `access` is of no use.
   */
  async start(): Promise<void> {
    const { access: files = {}, logger, port, host } = this.#options;
    const onTls = (tls: SecureContextOptions): void =>
      (this.#server as TlsServer).setSecureContext(tls);
    this.#access = await ServerAccess.open(files, { logger, onTls });
    this.#server = createListener(this.#access, this.#options, (request, response) => {
      void this.#serve(request, response);
    });
    try {
      this.#server.listen({ port, host });
      await once(this.#server, "listening");
    } catch (error) {
      this.#access.close();
      throw error;
    }
  }

  /** Where it listens, once started. */
  get address(): { readonly host: string; readonly port: number } {
    const address = this.#server?.address();
    if (!address || typeof address === "string") throw new TypeError("not started");
    return { host: address.address, port: address.port };
  }

  /** Not ready from now on; ends when scans under way have, or have had their time. */
  async drain(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    const { drainDelayMs, drainTimeoutMs } = this.#options;
    this.#isDraining = true;
    const closed = once(server, "close");
    await pause(drainDelayMs, undefined, { signal: this.#cutShort.signal }).catch(() => {});
    const giveUp = setTimeout(() => this.abort(), drainTimeoutMs);
    server.close();
    server.closeIdleConnections();
    await closed;
    clearTimeout(giveUp);
    this.#access?.close();
  }

  /** Ends at once: scans under way are given up. */
  abort(): void {
    this.#cutShort.abort();
    for (const scan of [...this.#scans, ...this.#polls]) scan.abort(GivenUp.Ended);
    this.#server?.close();
    this.#server?.closeAllConnections();
    this.#access?.close();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A client that resets its connection says so on both; the scan hears it by the response.
    request.on("error", () => {});
    response.on("error", () => {});
    try {
      const pathname = pathOf(request);
      if (pathname.startsWith("/v1/")) this.#access?.check(request);
      if (pathname === SCAN_PATH) await this.#scan(request, response);
      else if (isScanPath(pathname)) await this.#pending(request, response, pathname);
      else this.#answer(request, response, await this.#page(request, pathname));
    } catch (error) {
      this.#refuse(request, response, error);
    }
  }

  async #page(request: IncomingMessage, pathname: string): Promise<Page> {
    const read = this.#pages[pathname];
    if (read === undefined) throw new ScanProblem(404, "no such resource");
    if (request.method !== "GET" && request.method !== "HEAD") {
      throw new ScanProblem(405, "it can only be read", { allow: "GET, HEAD" });
    }
    return await read();
  }

  readonly #pages: Readonly<Record<string, () => Page | Promise<Page>>> = Object.assign(
    Object.create(null) as object,
    {
      "/v1/info": (): Page => {
        const { engine, maxBytes, maxConcurrentScans } = this.#options;
        const { name, abilities } = engine;
        const state = engine.state();
        return json(
          200,
          infoJson({ engine: name, state, abilities, maxBytes, maxConcurrentScans }),
        );
      },
      "/healthz": () => text(200, "ok"),
      "/readyz": () => {
        const why = this.#notReady();
        return why === undefined ? text(200, "ready") : text(503, why);
      },
      "/metrics": async () => ({
        status: 200,
        contentType: metricsContentType,
        body: await this.#registry.text(),
      }),
    },
  );

  #notReady(): string | undefined {
    return this.#isDraining ? "draining" : this.#options.engine.state().notReady;
  }

  async #scan(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== "POST") throw new ScanProblem(405, "POST it", { allow: "POST" });
    const { engine, maxConcurrentScans } = this.#options;
    const head = scanHead(request, this.#options);
    if (isTooEarly(head, engine)) {
      response.setHeader("Scan-Verdict", "continue");
      return this.#answer(request, response, json(200, '{"verdict":"continue"}'));
    }
    checkAsked(head, engine.abilities);
    mustHaveRoom(this.#scans, maxConcurrentScans);
    const startedAt = performance.now();
    this.#tally.inFlight += 1;
    try {
      await within(this.#scans, { response, leftMs: head.leftMs }, (signal) =>
        this.#judge(request, response, head, signal),
      );
    } finally {
      this.#tally.inFlight -= 1;
      this.#tally.seconds += (performance.now() - startedAt) / 1000;
    }
  }

  /** A scan that was answered 202. `DELETE` has nothing to end: nobody works on it here. */
  async #pending(
    request: IncomingMessage,
    response: ServerResponse,
    pathname: string,
  ): Promise<void> {
    const { engine, maxConcurrentScans, scanTimeoutMs } = this.#options;
    const job = jobOfPath(pathname);
    const follow = engine.follow?.bind(engine);
    if (job === undefined || follow === undefined) throw new ScanProblem(404, "no such scan");
    if (request.method === "DELETE") {
      response.writeHead(204).end();
      return;
    }
    if (request.method !== "GET") {
      throw new ScanProblem(405, "GET or DELETE it", { allow: "GET, DELETE" });
    }
    const leftMs = scanTimeMs(request.headers["scan-deadline-ms"], scanTimeoutMs);
    mustHaveRoom(this.#polls, maxConcurrentScans * POLLS_PER_PLACE);
    const startedAt = performance.now();
    await within(this.#polls, { response, leftMs }, async (signal) => {
      const holdMs = pollMsOf(request.headers, leftMs);
      const judged = await follow(job, { holdMs, signal });
      const durationMs = performance.now() - startedAt;
      await this.#tell({ request, response, signal }, judged, durationMs);
    });
  }

  async #judge(
    request: IncomingMessage,
    response: ServerResponse,
    head: ScanHead,
    signal: AbortSignal,
  ): Promise<void> {
    const { engine } = this.#options;
    const startedAt = performance.now();
    const body = this.#body(request, response);
    const subject = await scanSubject(head, engine.abilities, body, signal);
    // It was waited for, and nobody waits any more.
    if (signal.aborted) return;
    const judged = await engine.scan(subject);
    await this.#tell({ request, response, signal }, judged, performance.now() - startedAt);
  }

  async #tell(
    { request, response, signal }: Asked,
    judged: EngineVerdict,
    durationMs: number,
  ): Promise<void> {
    const { engine } = this.#options;
    const { epoch, replacement } = judged;
    const told = (verdict: Verdict) => ({
      ...{ verdict, engine: engine.name, durationMs },
      state: { ...engine.state(), epoch },
    });
    try {
      if (signal.aborted) return;
      const verdict = verdictFor(judged, request);
      const location = locationOf(verdict);
      this.#tally.judged(verdict.kind);
      response.setHeader("Scan-Verdict", verdict.kind);
      response.setHeader("Scan-Epoch", epoch);
      const kept = cacheControl(verdict);
      if (location !== undefined) response.setHeader("Location", location);
      if (verdict.kind !== VerdictKind.Modified || replacement === undefined) {
        const status = location === undefined ? 200 : 202;
        this.#answer(request, response, { ...json(status, verdictJson(told(verdict))), kept });
        return;
      }
      if (kept !== undefined) response.setHeader("Cache-Control", kept);
      const oldType = request.headers["content-type"];
      const fieldOf = (one: Verdict): string => verdictField(told(one));
      await sendReplacement(response, replacement, { verdict, fieldOf, oldType, signal });
      linger(request);
    } finally {
      await replacement?.dispose?.();
    }
  }

  #body(request: IncomingMessage, response: ServerResponse): RequestBody {
    return new RequestBody(request, {
      maxBytes: this.#options.maxBytes,
      onBegin: () => {
        if (request.headers.expect !== undefined) response.writeContinue();
      },
      onBytes: (bytes) => {
        this.#tally.bytes += bytes;
      },
    });
  }

  #refuse(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    const problem = error instanceof ScanProblem ? error : new ScanProblem(500, "internal error");
    const isGone = response.destroyed || request.socket.destroyed;
    this.#tally.refused(isGone ? CLIENT_GONE : problem.status);
    if (isGone) return;
    if (problem.status === 500) this.#options.logger.error("scan request failed", { err: error });
    if (response.headersSent) {
      // Amid new content; that it is not whole, only the connection can still say.
      response.destroy();
      return;
    }
    for (const name of response.getHeaderNames()) response.removeHeader(name);
    for (const [name, value] of Object.entries(problem.fields)) response.setHeader(name, value);
    this.#answer(request, response, {
      status: problem.status,
      contentType: "application/problem+json",
      body: JSON.stringify(problem),
    });
  }

  #answer(request: IncomingMessage, response: ServerResponse, page: Page): void {
    if (this.#isDraining) response.setHeader("Connection", "close");
    answer(request, response, page);
  }
}

/** One request for a verdict, and until when. */
interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly signal: AbortSignal;
}

/** Where to ask about a scan that is not over yet; undefined for a verdict. */
function locationOf({
  kind,
  job,
  message = "there is no verdict yet",
}: Verdict): string | undefined {
  if (kind !== VerdictKind.Pending) return undefined;
  const path = job === undefined ? undefined : pathOfJob(job);
  if (path === undefined) throw new ScanProblem(504, message);
  return path;
}

/** Before the whole entity an engine is asked only what it said it can judge then. */
function isTooEarly({ stage }: ScanHead, { abilities }: ScanEngine): boolean {
  return stage !== "full" && abilities?.stages?.includes(stage) !== true;
}

/** New content is of use only to a client that takes it. */
function verdictFor({ verdict, replacement }: EngineVerdict, request: IncomingMessage): Verdict {
  if (verdict.kind !== VerdictKind.Modified) return verdict;
  if (replacement === undefined) {
    return errorVerdict(VerdictReason.EngineError, "the engine changed it and gave no content");
  }
  if (takesReplacement(request)) return verdict;
  return errorVerdict(VerdictReason.EngineError, "it was changed, and the client takes no content");
}

function pathOf({ url = "" }: IncomingMessage): string {
  if (url === SCAN_PATH) return url;
  const target = URL.parse(url, "http://scanner");
  if (target === null) throw new ScanProblem(400, "the target is no path");
  return target.pathname;
}

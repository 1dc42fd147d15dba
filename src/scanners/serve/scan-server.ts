import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { type Logger, MetricsRegistry, metricsContentType } from "../../telemetry/index.ts";
import { checkBody, declaredBytes, limitedBody } from "./request-body.ts";
import { scanTimeMs } from "./scan-deadline.ts";
import type { ScanEngine } from "./scan-engine.ts";
import { ScanProblem } from "./scan-problem.ts";
import { ScanTally } from "./scan-tally.ts";
import { infoJson, verdictJson } from "./verdict-json.ts";

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
}

const HEAD_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_MS = 75_000;
const MAX_HEAD_BYTES = 32 * 1024;
/** How long a client may go on sending after its answer; ended sooner, it could lose the answer. */
const LINGER_MS = 2000;
const RETRY_AFTER_SECONDS = 1;
/** For the metric only, as nginx has it: nobody is there to get an answer. */
const CLIENT_GONE = 499;

/** Why a scan was given up. */
const GivenUp = { Deadline: "deadline", Gone: "gone", Ended: "ended" } as const;
type GivenUp = (typeof GivenUp)[keyof typeof GivenUp];

interface Page {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

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
  readonly #server: Server;
  readonly #tally = new ScanTally();
  readonly #registry: MetricsRegistry;
  readonly #scans = new Set<AbortController>();
  readonly #cutShort = new AbortController();
  #isDraining = false;

  constructor(options: ScanServerOptions) {
    this.#options = options;
    this.#registry = new MetricsRegistry({ processMetrics: options.processMetrics });
    this.#tally.expose(this.#registry, () => this.#notReady() === undefined);
    options.engine.expose(this.#registry);
    const serve = (request: IncomingMessage, response: ServerResponse) =>
      void this.#serve(request, response);
    this.#server = createServer(
      {
        maxHeaderSize: MAX_HEAD_BYTES,
        headersTimeout: HEAD_TIMEOUT_MS,
        // A body that is not scanned, or no longer, ends here; scans have a deadline of their own.
        requestTimeout: options.scanTimeoutMs + HEAD_TIMEOUT_MS,
        keepAliveTimeout: KEEP_ALIVE_MS,
        connectionsCheckingInterval: 1000,
      },
      serve,
    );
    // Answered without a byte of the body where the head is enough.
    this.#server.on("checkContinue", serve);
    // Each scan has a connection; beside them there are probes, scrapers and a few idle ones.
    this.#server.maxConnections = 4 * options.maxConcurrentScans + 64;
  }

  /** Rejects with the error of `listen` when the address is not to be had. */
  async start(): Promise<void> {
    this.#server.listen({ port: this.#options.port, host: this.#options.host });
    await once(this.#server, "listening");
  }

  /** Where it listens, once started. */
  get address(): { readonly host: string; readonly port: number } {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new TypeError("not started");
    return { host: address.address, port: address.port };
  }

  /** Not ready from now on; ends when scans under way have, or have had their time. */
  async drain(): Promise<void> {
    const { drainDelayMs, drainTimeoutMs } = this.#options;
    this.#isDraining = true;
    const closed = once(this.#server, "close");
    await pause(drainDelayMs, undefined, { signal: this.#cutShort.signal }).catch(() => {});
    const giveUp = setTimeout(() => this.abort(), drainTimeoutMs);
    this.#server.close();
    this.#server.closeIdleConnections();
    await closed;
    clearTimeout(giveUp);
  }

  /** Ends at once: scans under way are given up. */
  abort(): void {
    this.#cutShort.abort();
    for (const scan of this.#scans) scan.abort(GivenUp.Ended);
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A client that resets its connection says so on both; the scan hears it by the response.
    request.on("error", () => {});
    response.on("error", () => {});
    try {
      const pathname = pathOf(request);
      if (pathname === "/v1/scan") await this.#scan(request, response);
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
        const state = engine.state();
        return json(200, infoJson({ engine: engine.name, state, maxBytes, maxConcurrentScans }));
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
    const { engine, maxBytes, maxConcurrentScans, scanTimeoutMs } = this.#options;
    const leftMs = scanTimeMs(request.headers["scan-deadline-ms"], scanTimeoutMs);
    checkBody(request, maxBytes);
    if (this.#scans.size >= maxConcurrentScans) {
      const retryAfterSeconds = RETRY_AFTER_SECONDS;
      throw new ScanProblem(503, "all places are taken", { retryAfterSeconds });
    }
    const scan = new AbortController();
    const deadline = setTimeout(() => scan.abort(GivenUp.Deadline), leftMs);
    response.once("close", () => scan.abort(GivenUp.Gone));
    const startedAt = performance.now();
    this.#scans.add(scan);
    this.#tally.inFlight += 1;
    try {
      const body = this.#body(request, response);
      const size = declaredBytes(request);
      // The engine may wait for a client that sends nothing; the answer does not.
      const { verdict, epoch } = await Promise.race([
        engine.scan({ body, size, signal: scan.signal, sha256: undefined, facts: {} }),
        rejectedBy(scan.signal),
      ]);
      const durationMs = performance.now() - startedAt;
      this.#tally.judged(verdict.kind);
      const state = { ...engine.state(), epoch };
      response.setHeader("Scan-Verdict", verdict.kind);
      response.setHeader("Scan-Epoch", epoch);
      const document = verdictJson({ verdict, engine: engine.name, state, durationMs });
      this.#answer(request, response, json(200, document));
    } catch (error) {
      throw scan.signal.aborted ? givenUp(scan.signal.reason) : error;
    } finally {
      clearTimeout(deadline);
      this.#scans.delete(scan);
      this.#tally.inFlight -= 1;
      this.#tally.seconds += (performance.now() - startedAt) / 1000;
    }
  }

  async *#body(request: IncomingMessage, response: ServerResponse): AsyncGenerator<Buffer> {
    if (request.headers.expect !== undefined) response.writeContinue();
    for await (const chunk of limitedBody(request, this.#options.maxBytes)) {
      this.#tally.bytes += chunk.length;
      yield chunk;
    }
  }

  #refuse(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    const problem = error instanceof ScanProblem ? error : new ScanProblem(500, "internal error");
    const isGone = response.destroyed || request.socket.destroyed;
    this.#tally.refused(isGone ? CLIENT_GONE : problem.status);
    if (isGone) return;
    if (problem.status === 500) this.#options.logger.error("scan request failed", { err: error });
    const { status, retryAfterSeconds, allow } = problem;
    if (retryAfterSeconds !== undefined) response.setHeader("Retry-After", retryAfterSeconds);
    if (allow !== undefined) response.setHeader("Allow", allow);
    const body = JSON.stringify(problem);
    this.#answer(request, response, { status, contentType: "application/problem+json", body });
  }

  #answer(request: IncomingMessage, response: ServerResponse, page: Page): void {
    const { status, contentType, body } = page;
    if (this.#isDraining) response.setHeader("Connection", "close");
    response.writeHead(status, {
      "Content-Type": contentType,
      "Content-Length": Buffer.byteLength(body),
      "Cache-Control": "no-store",
      "X-Content-Type-Options": "nosniff",
    });
    if (!request.complete) linger(request);
    response.end(body);
  }
}

/** Node reads on what is still sent, and throws it away; this puts an end to it. */
function linger(request: IncomingMessage): void {
  const end = (): void => {
    if (!request.complete) request.socket.destroy();
  };
  setTimeout(end, LINGER_MS).unref();
}

function pathOf({ url = "" }: IncomingMessage): string {
  const target = URL.parse(url, "http://scanner");
  if (target === null) throw new ScanProblem(400, "the target is no path");
  return target.pathname;
}

/** Rejects when the signal is aborted. */
function rejectedBy(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(givenUp(signal.reason)), { once: true });
  });
}

function givenUp(why: GivenUp): ScanProblem {
  switch (why) {
    case GivenUp.Deadline:
      return new ScanProblem(504, "the time for this scan is over");
    case GivenUp.Gone:
      return new ScanProblem(408, "the client is gone");
    case GivenUp.Ended:
      return new ScanProblem(503, "the scanner ends");
  }
}

function json(status: number, body: string): Page {
  return { status, contentType: "application/json", body };
}

function text(status: number, line: string): Page {
  return { status, contentType: "text/plain; charset=utf-8", body: `${line}\n` };
}

import { readFile } from "node:fs/promises";
import type { Agent } from "undici";
import type { EventMetrics, Logger } from "../telemetry/index.ts";
import type { CloudEvent } from "./cloud-event.ts";

export interface WebhookOptions {
  /** http or https. */
  readonly url: string;
  /** Holds the value of `Authorization`'s bearer token; read again with each attempt. */
  readonly tokenFile: string | undefined;
  /** PEM. Undefined: the authorities that Node trusts. */
  readonly ca: string | undefined;
  /** For one attempt. */
  readonly timeoutMs: number;
  /** Events that may wait; the next one is dead. */
  readonly queue: number;
  /** Of events that wait or are being sent, as JSON: what they hold comes from outside. */
  readonly queueBytes: number;
  readonly metrics: EventMetrics;
  readonly logger: Logger;
  /** Resolves after so many milliseconds, or when the signal is aborted. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  /** As `Math.random`. */
  readonly random?: () => number;
}

interface Letter {
  readonly event: CloudEvent;
  readonly body: Buffer;
}

/** How one attempt ended. */
type Attempt =
  | { readonly kind: "sent" }
  /** `isFinal`: the receiver will not take it, however often it is asked. */
  | {
      readonly kind: "failed";
      readonly why: string;
      readonly isFinal: boolean;
      readonly afterMs?: number;
    };

/** More than an hour in all, with the pauses between. */
const ATTEMPTS = 20;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 300_000;
const AT_ONCE = 4;
const CONNECT_TIMEOUT_MS = 5000;
const MAX_ANSWER_BYTES = 65_536;

/**
 * Sends events to one receiver, each in a POST of its own (CloudEvents 1.0, HTTP binding, structured
 * mode), and again until the receiver takes it. At least once: receivers know an event by its `source`
 * and `id`. Never in the way: what cannot be sent is counted.
 */
export class Webhook {
  readonly #options: WebhookOptions;
  readonly #stop = new AbortController();
  readonly #waiting: Letter[] = [];
  readonly #sending = new Set<Promise<void>>();
  #bytes = 0;
  #agent: Promise<Agent> | undefined;

  constructor(options: WebhookOptions) {
    this.#options = options;
  }

  /** Events not sent yet. */
  get waiting(): number {
    return this.#waiting.length + this.#sending.size;
  }

  /** Returns at once. */
  send(event: CloudEvent): void {
    if (this.#stop.signal.aborted) this.#bury(event, "it came at the end of the process");
    else if (this.#waiting.length >= this.#options.queue) this.#bury(event, "the queue is full");
    else this.#admit({ event, body: Buffer.from(JSON.stringify(event)) });
  }

  #admit(letter: Letter): void {
    const bytes = this.#bytes + letter.body.length;
    if (bytes > this.#options.queueBytes) {
      this.#bury(letter.event, "the queue is full");
      return;
    }
    this.#bytes = bytes;
    this.#waiting.push(letter);
    this.#next();
  }

  /** Waits so long at most for what is under way; the rest is dead. Safe to call twice. */
  async close(timeoutMs: number): Promise<void> {
    const over = new AbortController();
    await Promise.race([this.#settled(), this.#options.wait(timeoutMs, over.signal)]);
    over.abort();
    this.#stop.abort();
    for (const { event } of this.#waiting.splice(0)) this.#bury(event, "the process ends");
    await Promise.all(this.#sending);
    const agent = await this.#agent;
    this.#agent = undefined;
    await agent?.close();
  }

  async #settled(): Promise<void> {
    while (this.#sending.size > 0) await Promise.all(this.#sending);
  }

  #next(): void {
    if (this.#sending.size >= AT_ONCE) return;
    const letter = this.#waiting.shift();
    if (letter === undefined) return;
    const sending = this.#deliver(letter).finally(() => {
      this.#bytes -= letter.body.length;
      this.#sending.delete(sending);
      this.#next();
    });
    this.#sending.add(sending);
  }

  async #deliver({ event, body }: Letter): Promise<void> {
    const { metrics, wait, random = Math.random } = this.#options;
    const { signal } = this.#stop;
    let pauseMs = FIRST_PAUSE_MS;
    for (let attempt = 1; ; attempt += 1) {
      const how = await this.#attempt(body);
      if (how.kind === "sent") return metrics.eventEnded("sent");
      if (how.isFinal || attempt === ATTEMPTS || signal.aborted) {
        return this.#bury(event, how.why);
      }
      const jittered = pauseMs * (0.5 + random() / 2);
      await wait(Math.min(Math.max(how.afterMs ?? 0, jittered), LONGEST_PAUSE_MS), signal);
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      metrics.eventRetried();
    }
  }

  async #attempt(sent: Buffer): Promise<Attempt> {
    const { url, timeoutMs } = this.#options;
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(timeoutMs)]);
    try {
      const { request } = await import("undici");
      const { statusCode, headers, body } = await request(url, {
        method: "POST",
        dispatcher: await this.#dispatcher(),
        headers: {
          "content-type": "application/cloudevents+json; charset=utf-8",
          ...(await this.#authorization()),
        },
        body: sent,
        signal,
      });
      await body.dump({ limit: MAX_ANSWER_BYTES });
      return attemptOf(statusCode, headers["retry-after"]);
    } catch (error) {
      return { kind: "failed", why: whyOf(error), isFinal: false };
    }
  }

  /** Made when there is the first event: most never have one. */
  #dispatcher(): Promise<Agent> {
    const { ca } = this.#options;
    this.#agent ??= import("undici").then(
      (undici) =>
        new undici.Agent({
          connections: AT_ONCE,
          connect: { timeout: CONNECT_TIMEOUT_MS, ...(ca !== undefined && { ca }) },
        }),
    );
    return this.#agent;
  }

  async #authorization(): Promise<Record<string, string>> {
    const { tokenFile } = this.#options;
    if (tokenFile === undefined) return {};
    const token = await readFile(tokenFile, "utf8");
    return { authorization: `Bearer ${token.trim()}` };
  }

  /** The log keeps what can be known without naming who received what. */
  #bury({ id, type, subject }: CloudEvent, why: string): void {
    this.#options.metrics.eventEnded("dead");
    this.#options.logger.error("event not sent", { event: id, type, subject, why });
  }
}

function attemptOf(status: number, retryAfter: string | string[] | undefined): Attempt {
  if (status >= 200 && status < 300) return { kind: "sent" };
  const mayPass = status >= 500 || status === 408 || status === 429;
  const afterMs = Number(retryAfter) * 1000;
  return {
    kind: "failed",
    why: `the receiver answered ${status}`,
    isFinal: !mayPass,
    ...(afterMs > 0 && { afterMs }),
  };
}

/** Codes say enough; messages may carry addresses. */
function whyOf(error: unknown): string {
  if (!(error instanceof Error)) return "failed";
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}

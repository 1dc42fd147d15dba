import { type Replacement, type Retries, VerdictReason } from "../../index.ts";
import type { Plan, PlannedRequest } from "../plan/plan.ts";
import { kept } from "./base64-content.ts";
import { type Answer, ExchangeFailure, exchange, failureOf, readAnswer } from "./exchange.ts";
import type { HttpClient, OpenAnswer } from "./http-client.ts";
import { type OutgoingRequest, outgoingRequest, type RequestValues } from "./outgoing-request.ts";
import type { Redactor } from "./redactor.ts";
import { timed } from "./timed.ts";

export interface TransportOptions {
  readonly plan: Plan;
  readonly client: HttpClient;
  readonly redactor: Redactor;
  readonly secrets: Readonly<Record<string, string>>;
  /** Headers that the scanner's configuration adds, such as its `auth`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly retries: Retries;
  /** The vendor is left alone for a while, at its own wish. */
  readonly onRest: () => void;
}

/** How new content is taken from an answer. */
export interface ContentTaker {
  readonly isWanted: (answer: Answer) => boolean;
  readonly keep: (
    pieces: AsyncIterable<Buffer>,
    mediaType: string | undefined,
  ) => Promise<Replacement | { readonly unreadable: string }>;
}

/** Longest wish of a vendor to be left alone that is listened to. */
const MAX_REST_MS = 60_000;
const NO_BYTES = new Map<string, string>();

/** Asks a vendor: makes requests, keeps their time, and repeats what was never sent. */
export class Transport {
  readonly #options: TransportOptions;
  #restsUntil = 0;

  constructor(options: TransportOptions) {
    this.#options = options;
  }

  /** The vendor wishes to be left alone for now. */
  get rests(): boolean {
    return performance.now() < this.#restsUntil;
  }

  rest(ms: number | undefined): void {
    if (ms === undefined) return;
    this.#restsUntil = performance.now() + Math.min(ms, MAX_REST_MS);
    this.#options.onRest();
  }

  request(request: PlannedRequest, values: Omit<RequestValues, "secrets">): OutgoingRequest {
    const { plan, secrets, headers } = this.#options;
    const outgoing = outgoingRequest(plan, request, { ...values, secrets });
    return { ...outgoing, headers: { ...outgoing.headers, ...headers } };
  }

  /** Rejects with an `ExchangeFailure`. */
  ask(request: OutgoingRequest, signal: AbortSignal): Promise<Answer> {
    const { client, redactor, plan } = this.#options;
    const { responseBytes } = plan.template.limits;
    return this.#attempts(signal, (timed) =>
      exchange(request, timed, { client, redactor, responseBytes }),
    );
  }

  /** As `ask`, but a wanted answer's body is kept, and is not part of the answer. */
  askForContent(
    request: OutgoingRequest,
    signal: AbortSignal,
    taker: ContentTaker,
  ): Promise<{ readonly answer: Answer; readonly content?: Replacement }> {
    return this.#attempts(signal, async (timed) => {
      const from = performance.now();
      try {
        const open = await this.#options.client.open(request, timed);
        return await this.#take(open, from, taker);
      } catch (error) {
        throw failureOf(error, timed);
      }
    });
  }

  async #take(open: OpenAnswer, from: number, { isWanted, keep }: ContentTaker) {
    const { redactor, plan } = this.#options;
    const headers = new Map(
      [...open.headers].map(([name, value]) => [name, redactor.redact(value)]),
    );
    const ms = performance.now() - from;
    const head = { status: open.status, headers, text: "", ms, retryAfterMs: undefined };
    if (!judged(() => isWanted(head), open)) {
      const { responseBytes } = plan.template.limits;
      return { answer: await readAnswer(open, from, { redactor, responseBytes }) };
    }
    const why = uselessness(open.headers);
    if (why !== undefined) {
      open.body.destroy();
      throw new ExchangeFailure(VerdictReason.EngineError, why);
    }
    const content = await keep(open.body as AsyncIterable<Buffer>, mediaTypeOf(open.headers));
    return { answer: head, content: kept(content) };
  }

  async #attempts<T>(signal: AbortSignal, attempt: (timed: AbortSignal) => Promise<T>): Promise<T> {
    const { retries, plan } = this.#options;
    for (let count = 1; ; count += 1) {
      try {
        return await timed(signal, plan.template.limits.requestTimeoutMs, attempt);
      } catch (error) {
        const isLast = count >= retries.maxAttempts || signal.aborted;
        const isUnsent = error instanceof ExchangeFailure && error.isUnsent;
        if (isLast || !isUnsent || !(await retries.mayRetry(signal))) throw error;
      }
    }
  }
}

/** Why content with these headers cannot be put in place; undefined when it can. */
function uselessness(headers: OpenAnswer["headers"]): string | undefined {
  if ((headers.get("content-encoding") ?? "identity") !== "identity") {
    return "the content has a content coding";
  }
  // A lost connection would make it look whole (RFC 9112 §8).
  const isFramed = headers.has("content-length") || headers.has("transfer-encoding");
  return isFramed ? undefined : "nothing but its connection ends the new content";
}

/** An expression that fails must not leave the connection open. */
function judged(judge: () => boolean, { body }: OpenAnswer): boolean {
  try {
    return judge();
  } catch (error) {
    body.destroy();
    throw error;
  }
}

function mediaTypeOf(headers: ReadonlyMap<string, string> = NO_BYTES): string | undefined {
  const type = (headers.get("content-type") ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
  // What says nothing of the content is no type of its own.
  return type === "" || type === "application/octet-stream" ? undefined : type;
}

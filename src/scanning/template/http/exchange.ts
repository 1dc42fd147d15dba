import { VerdictReason } from "../../index.ts";
import type { AnswerFacts } from "../language/views.ts";
import { ADDRESS_REFUSED, type HttpClient, type OpenAnswer } from "./http-client.ts";
import type { OutgoingRequest } from "./outgoing-request.ts";
import type { Redactor } from "./redactor.ts";

/** Why there is no answer that can be used; its text holds nothing from the wire. */
export class ExchangeFailure extends Error {
  readonly reason: VerdictReason;
  /** Nothing was sent: the same may be asked again. */
  readonly isUnsent: boolean;

  constructor(reason: VerdictReason, message: string, isUnsent = false) {
    super(message);
    this.reason = reason;
    this.isUnsent = isUnsent;
  }
}

export interface ExchangeOptions {
  readonly client: HttpClient;
  readonly redactor: Redactor;
  readonly responseBytes: number;
}

/** An answer read whole, without secrets. */
export interface Answer extends AnswerFacts {
  /** What `Retry-After` wishes, in milliseconds. */
  readonly retryAfterMs: number | undefined;
}

/** Codes of undici and of the system that mean: no connection, so nothing was sent. */
const UNSENT = new Set([
  ...["UND_ERR_CONNECT_TIMEOUT", "ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN"],
  ...["EHOSTUNREACH", "ENETUNREACH", "ETIMEDOUT"],
]);

/** Asks, and reads the answer within its bound. Rejects with an `ExchangeFailure`. */
export async function exchange(
  request: OutgoingRequest,
  signal: AbortSignal,
  options: ExchangeOptions,
): Promise<Answer> {
  const from = performance.now();
  try {
    const open = await options.client.open(request, signal);
    return await readAnswer(open, from, options);
  } catch (error) {
    throw failureOf(error, signal);
  }
}

/** Reads an answer whole. Rejects as the connection does, or with an `ExchangeFailure`. */
export async function readAnswer(
  { status, headers, body }: OpenAnswer,
  from: number,
  { redactor, responseBytes }: Omit<ExchangeOptions, "client">,
): Promise<Answer> {
  const coding = headers.get("content-encoding") ?? "identity";
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of body as AsyncIterable<Buffer>) {
    bytes += piece.length;
    // Leaving the loop ends the connection.
    if (bytes > responseBytes) {
      const message = `the answer is over ${responseBytes} bytes`;
      throw new ExchangeFailure(VerdictReason.EngineError, message);
    }
    pieces.push(piece);
  }
  if (coding !== "identity") {
    throw new ExchangeFailure(VerdictReason.EngineError, "the answer has a content coding");
  }
  return {
    status,
    headers: new Map([...headers].map(([name, value]) => [name, redactor.redact(value)])),
    text: redactor.redact(Buffer.concat(pieces, bytes).toString("utf8")),
    ms: performance.now() - from,
    retryAfterMs: retryAfterMs(headers.get("retry-after"), Date.now()),
  };
}

/** Code and system call say all; messages of TLS and undici may quote what came over the wire. */
export function failureOf(error: unknown, signal: AbortSignal): ExchangeFailure {
  if (error instanceof ExchangeFailure) return error;
  if (signal.aborted) return new ExchangeFailure(VerdictReason.Timeout, "no answer in time");
  const { code, message } = error as { code?: unknown; message?: string };
  if (code === ADDRESS_REFUSED) {
    return new ExchangeFailure(VerdictReason.EngineError, message ?? "the address is refused");
  }
  const name = typeof code === "string" ? `: ${code}` : "";
  const isUnsent = typeof code === "string" && UNSENT.has(code);
  return new ExchangeFailure(VerdictReason.EngineError, `the exchange failed${name}`, isUnsent);
}

/** Seconds or a date (RFC 9110 §10.2.3), as milliseconds from now. */
function retryAfterMs(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  // Of dates only those of HTTP: Date.parse takes almost anything for one.
  const isDate = /^[A-Z][a-z]{2,8},? /.test(value);
  const ms = /^\d{1,9}$/.test(value) ? Number(value) * 1000 : Date.parse(isDate ? value : "") - now;
  return Number.isNaN(ms) ? undefined : Math.max(ms, 0);
}

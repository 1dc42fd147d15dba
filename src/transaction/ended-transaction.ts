import type { IcapError } from "../protocol/index.ts";
import {
  decodeIdentity,
  type Message,
  type Outcome,
  type OutcomeReport,
  type Service,
} from "../services/index.ts";
import { Cause, type OutcomeKind, type TransactionRecord } from "../telemetry/index.ts";
import { makeIncidentId } from "./incident-id.ts";

/** How a transaction ended. */
export interface End {
  readonly outcome: OutcomeKind;
  readonly cause: Cause;
  readonly error: IcapError | undefined;
}

/** Ended by something outside its service. */
export function failedBy(cause: Cause, error?: IcapError): End {
  return { outcome: "failed", cause, error };
}

const NOTHING_JUDGED: End = { outcome: "unmodified", cause: Cause.None, error: undefined };

/** Ended with what its service made of it; an OPTIONS request has no outcome. */
export function endOf(outcome: Outcome | undefined): End {
  if (outcome === undefined) return NOTHING_JUDGED;
  const answer = outcome.kind === "failed" ? outcome.answer : undefined;
  return {
    outcome: outcome.kind,
    cause: outcome.report.cause,
    error: answer !== undefined && "code" in answer ? answer : undefined,
  };
}

/** What a transaction moved and how long it took, read at its end. */
export interface Figures {
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly durationMs: number;
}

export interface EndParties {
  readonly incidentId: string | undefined;
  readonly peer: string;
  readonly service: Service | undefined;
  readonly message: Message | undefined;
  readonly report: OutcomeReport | undefined;
  readonly icapStatus: number;
  readonly entitySize: number | undefined;
}

/**
 * The record of an ended transaction. What only a log line needs is worked out when it is asked for,
 * so that a record costs little where nobody logs.
 */
export class EndedTransaction implements TransactionRecord {
  readonly icapStatus: number;
  readonly outcome: OutcomeKind;
  readonly cause: Cause;
  readonly entitySize: number | undefined;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly durationMs: number;
  readonly method: TransactionRecord["method"];
  readonly #parties: EndParties;
  readonly #error: IcapError | undefined;

  constructor(parties: EndParties, end: End, figures: Figures) {
    this.#parties = parties;
    this.#error = end.error;
    this.icapStatus = parties.icapStatus;
    this.outcome = end.outcome;
    this.cause = end.cause;
    this.entitySize = parties.entitySize;
    this.bytesIn = figures.bytesIn;
    this.bytesOut = figures.bytesOut;
    this.durationMs = figures.durationMs;
    this.method = parties.message?.icap.method ?? "other";
  }

  get incidentId(): string {
    return this.#parties.incidentId ?? makeIncidentId();
  }

  get peer(): string {
    return this.#parties.peer;
  }

  get service(): string | undefined {
    return this.#parties.service?.name;
  }

  get clientIp(): string | undefined {
    return this.#identity?.clientIp;
  }

  get user(): string | undefined {
    return this.#identity?.user?.name;
  }

  get groups(): readonly string[] | undefined {
    const groups = this.#identity?.groups;
    return groups === undefined || groups.length === 0 ? undefined : groups;
  }

  get httpMethod(): string | undefined {
    return this.#parties.message?.requestLine?.method;
  }

  get host(): string | undefined {
    return this.#parties.message?.host;
  }

  get entityType(): string | undefined {
    return this.#parties.report?.entityType;
  }

  get sha256(): string | undefined {
    return this.#parties.report?.sha256;
  }

  get verdict(): string | undefined {
    return this.#parties.report?.verdict?.kind;
  }

  get reason(): string | undefined {
    return this.#parties.report?.verdict?.reason;
  }

  /** Words of a scanner that found something are for the block page; here they might repeat content. */
  get message(): string | undefined {
    const verdict = this.#parties.report?.verdict;
    return verdict?.kind === "error" || verdict?.kind === "unscannable"
      ? verdict.message
      : undefined;
  }

  get cached(): boolean | undefined {
    return this.#parties.report?.verdict?.cached;
  }

  get threats(): readonly string[] | undefined {
    return this.#parties.report?.verdict?.threats.map((threat) => threat.name);
  }

  get rule(): string | undefined {
    return this.#parties.report?.rule;
  }

  get monitored(): readonly string[] | undefined {
    const names = this.#parties.report?.monitored;
    return names === undefined || names.length === 0 ? undefined : names;
  }

  get override(): TransactionRecord["override"] {
    return this.#parties.report?.override?.action;
  }

  get overrideReason(): string | undefined {
    return this.#parties.report?.override?.reason;
  }

  get overrideAuthor(): string | undefined {
    return this.#parties.report?.override?.author;
  }

  get withheld(): OutcomeKind | undefined {
    return this.#parties.report?.withheld;
  }

  get errorCode(): string | undefined {
    return this.#error?.code;
  }

  get errorMessage(): string | undefined {
    return this.#error?.message;
  }

  get scanMs(): number | undefined {
    return this.#parties.report?.scanMs;
  }

  /** Only where the service opts in (bar: client identity). */
  get #identity() {
    const { service, message } = this.#parties;
    if (service?.recordsIdentity !== true || message === undefined) return undefined;
    return decodeIdentity(message.icap.fields);
  }
}

import {
  decodeIdentity,
  type Message,
  type Outcome,
  type OutcomeReport,
  type Service,
} from "../services/index.ts";
import { Cause, type OutcomeKind, type TransactionRecord } from "../telemetry/index.ts";
import { makeIncidentId } from "./incident-id.ts";

/** The figures of a transaction at its end. */
export interface EndFacts {
  readonly icapStatus: number;
  readonly outcome: OutcomeKind;
  readonly cause: Cause;
  readonly errorCode: string | undefined;
  readonly entitySize: number | undefined;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly durationMs: number;
}

/** How a transaction ended. */
export type End = Pick<EndFacts, "outcome" | "cause" | "errorCode">;

/** Ended by something outside its service. */
export function failedBy(cause: Cause, errorCode?: string): End {
  return { outcome: "failed", cause, errorCode };
}

/** Ended with what its service made of it; an OPTIONS request has no outcome. */
export function endOf(outcome: Outcome | undefined): End {
  if (outcome === undefined)
    return { outcome: "unmodified", cause: Cause.None, errorCode: undefined };
  const answer = outcome.kind === "failed" ? outcome.answer : undefined;
  return {
    outcome: outcome.kind,
    cause: outcome.report.cause,
    errorCode: answer !== undefined && "code" in answer ? answer.code : undefined,
  };
}

export interface EndParties {
  readonly incidentId: string | undefined;
  readonly peer: string;
  readonly service: Service | undefined;
  readonly message: Message | undefined;
  readonly report: OutcomeReport | undefined;
}

/**
 * The record of an ended transaction. What only a log line needs is worked out when it is asked for,
 * so that a record costs little where nobody logs.
 */
export class EndedTransaction implements TransactionRecord {
  readonly icapStatus: number;
  readonly outcome: OutcomeKind;
  readonly cause: Cause;
  readonly errorCode: string | undefined;
  readonly entitySize: number | undefined;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly durationMs: number;
  readonly method: TransactionRecord["method"];
  readonly #parties: EndParties;

  constructor(parties: EndParties, facts: EndFacts) {
    this.#parties = parties;
    this.icapStatus = facts.icapStatus;
    this.outcome = facts.outcome;
    this.cause = facts.cause;
    this.errorCode = facts.errorCode;
    this.entitySize = facts.entitySize;
    this.bytesIn = facts.bytesIn;
    this.bytesOut = facts.bytesOut;
    this.durationMs = facts.durationMs;
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

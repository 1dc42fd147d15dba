import type { Cause, OutcomeKind } from "../../telemetry/index.ts";

/** What a service does when it does not know that an entity is clean. */
export const OutcomeAction = {
  /** The message passes as it came. */
  Allow: "Allow",
  /** The message is blocked, as if a scanner had said so. */
  Block: "Block",
  /** The client is told that the check failed and may be tried again. */
  Error: "Error",
} as const;
export type OutcomeAction = (typeof OutcomeAction)[keyof typeof OutcomeAction];

/** The ways of not knowing; each has an action of its own in a service's `outcomes`. */
export const Doubt = {
  /** A scanner, a rule or Sluice itself failed. */
  Error: "error",
  /** A scanner or the transaction ran out of time. */
  Timeout: "timeout",
  /** The entity is larger than the service takes. */
  Oversize: "oversize",
  /** A scanner could not look inside: encrypted, too deep, of a type that it rejects. */
  Unscannable: "unscannable",
  /** A scanner has a suspicion and no proof. */
  Suspicious: "suspicious",
  /** A scanner looked and has no opinion. */
  Unknown: "unknown",
  /** A scanner has not ended yet and the service does not wait for it. */
  Pending: "pending",
} as const;
export type Doubt = (typeof Doubt)[keyof typeof Doubt];

export type OutcomePolicy = Readonly<Record<Doubt, OutcomeAction>>;

/** Who reads the answer: decides in which form a failure is told. */
export const ClientProfile = {
  /** A person behind a proxy: failures are HTTP pages. */
  Browser: "Browser",
  /** A NAS, mail gateway or upload service: failures are ICAP errors, which it queues and repeats. */
  Storage: "Storage",
} as const;
export type ClientProfile = (typeof ClientProfile)[keyof typeof ClientProfile];

export const ServiceMode = {
  Enforce: "Enforce",
  /** Dry run: everything is evaluated, logged and counted, and every answer is "unmodified". */
  Monitor: "Monitor",
} as const;
export type ServiceMode = (typeof ServiceMode)[keyof typeof ServiceMode];

/** What is known about a message when the service has to answer: the rows of docs/outcomes.md. */
export const Finding = {
  /** There was nothing to judge: no body, or a service without rules and scanners. */
  Nothing: "nothing",
  Clean: "clean",
  Blocked: "blocked",
  Modified: "modified",
  SkippedByRule: "skipped-by-rule",
  BlockedByRule: "blocked-by-rule",
  AllowedByOverride: "allowed-by-override",
  BlockedByOverride: "blocked-by-override",
  ...Doubt,
} as const;
export type Finding = (typeof Finding)[keyof typeof Finding];

/** The form of the answer that the client gets. */
export const AnswerForm = {
  /** 204 where the client allows it, else the message as it came. */
  Unmodified: "unmodified",
  /** 200 with the entity that a scanner made. */
  Replacement: "replacement",
  /** 200 with the block page, under the HTTP status of the service's `block.status`. */
  BlockPage: "block-page",
  /** 200 with an HTTP page that says that the check failed, under `httpStatus`. */
  FailurePage: "failure-page",
  /** An ICAP error, under `icapStatus`. */
  IcapError: "icap-error",
} as const;
export type AnswerForm = (typeof AnswerForm)[keyof typeof AnswerForm];

export interface OutcomeSettings {
  readonly on: OutcomePolicy;
  readonly mode: ServiceMode;
  readonly clientProfile: ClientProfile;
}

export interface OutcomeDecision {
  readonly outcome: OutcomeKind;
  readonly cause: Cause;
  readonly answer: AnswerForm;
  /** Present with `icap-error`. */
  readonly icapStatus?: 500 | 503;
  /** Present with `failure-page`. */
  readonly httpStatus?: 503 | 504;
  /** In `Monitor` mode: what the outcome would have been, where it differs. */
  readonly withheld?: OutcomeKind;
}

const CAUSES = {
  nothing: "none",
  clean: "clean",
  blocked: "verdict",
  modified: "verdict",
  "skipped-by-rule": "policy",
  "blocked-by-rule": "policy",
  "allowed-by-override": "override",
  "blocked-by-override": "override",
  error: "error",
  timeout: "timeout",
  oversize: "oversize",
  unscannable: "unscannable",
  suspicious: "suspicious",
  unknown: "unknown",
  pending: "pending",
} as const satisfies Record<Finding, Cause>;

/**
 * Doubts that say something about Sluice or its scanners and nothing about the entity. A storage
 * client must never take one for a judgement: it would quarantine or delete the file.
 */
const TECHNICAL: ReadonlySet<Doubt> = new Set([Doubt.Error, Doubt.Timeout, Doubt.Pending]);

/** Doubts that another attempt may settle: the ICAP status asks for one. */
const PASSING: ReadonlySet<Doubt> = new Set([Doubt.Timeout, Doubt.Pending]);

/**
 * The outcome for one finding under one service's settings. Total and pure; docs/outcomes.md is
 * its table, and a test walks every combination.
 */
export function decideOutcome(finding: Finding, settings: OutcomeSettings): OutcomeDecision {
  const decision = enforce(finding, settings);
  if (settings.mode === ServiceMode.Enforce || decision.outcome === "unmodified") {
    return decision;
  }
  return {
    outcome: "unmodified",
    cause: decision.cause,
    answer: AnswerForm.Unmodified,
    withheld: decision.outcome,
  };
}

function enforce(finding: Finding, settings: OutcomeSettings): OutcomeDecision {
  const cause = CAUSES[finding];
  switch (finding) {
    case Finding.Nothing:
    case Finding.Clean:
    case Finding.SkippedByRule:
    case Finding.AllowedByOverride:
      return { outcome: "unmodified", cause, answer: AnswerForm.Unmodified };
    case Finding.Modified:
      return { outcome: "modified", cause, answer: AnswerForm.Replacement };
    case Finding.Blocked:
    case Finding.BlockedByRule:
    case Finding.BlockedByOverride:
      return { outcome: "blocked", cause, answer: AnswerForm.BlockPage };
    default:
      return resolve(finding, settings);
  }
}

function resolve(doubt: Doubt, settings: OutcomeSettings): OutcomeDecision {
  const cause = CAUSES[doubt];
  const action = settings.on[doubt];
  if (action === OutcomeAction.Allow) {
    return { outcome: "unmodified", cause, answer: AnswerForm.Unmodified };
  }
  const isStorage = settings.clientProfile === ClientProfile.Storage;
  if (action === OutcomeAction.Block && !(isStorage && TECHNICAL.has(doubt))) {
    return { outcome: "blocked", cause, answer: AnswerForm.BlockPage };
  }
  if (isStorage) {
    const icapStatus = PASSING.has(doubt) ? 503 : 500;
    return { outcome: "failed", cause, answer: AnswerForm.IcapError, icapStatus };
  }
  const httpStatus = doubt === Doubt.Timeout ? 504 : 503;
  return { outcome: "failed", cause, answer: AnswerForm.FailurePage, httpStatus };
}

/**
 * The finding that a verdict stands for. The words are those of scan/v1; a word that is not known
 * is an `error`, never a pass.
 */
export function findingOf(verdict: {
  readonly kind: string;
  readonly reason?: string | undefined;
}): Finding {
  switch (verdict.kind) {
    case "clean":
    case "blocked":
    case "modified":
    case "suspicious":
    case "unscannable":
    case "unknown":
    case "pending":
      return verdict.kind;
    default:
      return verdict.reason === "timeout" ? Finding.Timeout : Finding.Error;
  }
}

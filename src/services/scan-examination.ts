import {
  type BodyDescription,
  detectType,
  type Entity,
  type EntityExtractor,
  type EntityProblem,
  entityOfPlainBody,
  type KeptBody,
  type SpoolFailure,
} from "../entity/index.ts";
import { type Fields, fieldValues, hasBody } from "../protocol/index.ts";
import {
  combineVerdicts,
  errorVerdict,
  type ScanContext,
  type Scanner,
  unscannableVerdict,
  type Verdict,
  VerdictKind,
  VerdictReason,
} from "../scanning/index.ts";
import type { Message } from "./message.ts";
import { entityFromHeads, type KnownEntity, MessageFacts } from "./message-facts.ts";
import type { Outcome } from "./outcome.ts";
import type { Findings, OutcomeMaker } from "./outcome-maker.ts";
import {
  Finding,
  findingOf,
  type RuleDecision,
  type RuleSet,
  type ServiceFacts,
} from "./rules/index.ts";
import { type Examination, type MessageSource, NEEDS_MORE, type ReceivedBody } from "./service.ts";

/** What a service lends to the examination of one message. */
export interface ExaminationMeans {
  readonly service: ServiceFacts;
  readonly rules: RuleSet;
  readonly scanner: Scanner | undefined;
  readonly extractor: EntityExtractor;
  readonly outcomes: OutcomeMaker;
}

/** One message on its way through a service's rules and scanners. */
export class ScanExamination implements Examination {
  readonly #message: Message;
  readonly #source: MessageSource;
  readonly #means: ExaminationMeans;
  /** What the rules said, once they were asked. */
  #decision: RuleDecision | undefined;

  constructor(message: Message, source: MessageSource, means: ExaminationMeans) {
    this.#message = message;
    this.#source = source;
    this.#means = means;
  }

  decide(preview: Buffer | undefined): Outcome | typeof NEEDS_MORE {
    const { rules, scanner } = this.#means;
    const bodyFollows = hasBody(this.#message.icap.encapsulated);
    if (bodyFollows && rules.size > 0 && !this.#rulesCanDecide(preview)) return NEEDS_MORE;
    const findings = this.#askRules(entityFromHeads(this.#message, preview));
    if (findings !== undefined) return this.#outcome(findings);
    if (bodyFollows && scanner !== undefined) return NEEDS_MORE;
    return this.#outcome({ finding: Finding.Nothing });
  }

  async judge(received: ReceivedBody, signal: AbortSignal): Promise<Outcome> {
    const known = this.#knownEntity(received);
    const findings = this.#askRules(known) ?? (await this.#scanReceived(received, signal));
    return this.#outcome(findings);
  }

  #outcome(findings: Findings): Outcome {
    const { outcomes } = this.#means;
    const rule = findings.rule ?? this.#decision?.rule;
    const monitored = this.#decision?.monitored;
    return outcomes.make(this.#message, { ...findings, rule, monitored }, this.#source);
  }

  /** Rules about the entity have to wait for its first bytes. */
  #rulesCanDecide(preview: Buffer | undefined): boolean {
    if (preview !== undefined && preview.length > 0) return true;
    for (const name of this.#means.rules.uses) {
      if (name.startsWith("entity")) return false;
    }
    return true;
  }

  /** The rules' decision about the message, made once; undefined when they leave it to the scanners. */
  #askRules(known: KnownEntity): Findings | undefined {
    if (this.#decision !== undefined || this.#means.rules.size === 0) return undefined;
    this.#decision = this.#ruleOn(known);
    return findingsOfRule(this.#decision);
  }

  #ruleOn(entity: KnownEntity): RuleDecision {
    const { rules, service } = this.#means;
    const { peer } = this.#source;
    return rules.decide(new MessageFacts(this.#message, { peer, service, entity }));
  }

  #knownEntity(received: ReceivedBody): KnownEntity {
    const fromHeads = entityFromHeads(this.#message, undefined);
    if (received.kind !== "complete") return fromHeads;
    const { head, size } = received.body;
    return { ...fromHeads, size, detectedType: detectType(head) };
  }

  async #scanReceived(received: ReceivedBody, signal: AbortSignal): Promise<Findings> {
    const { scanner } = this.#means;
    if (scanner === undefined || received.kind === "none") return { finding: Finding.Nothing };
    if (received.kind === "failed") return findingsOfFailure(received.failure);
    const started = performance.now();
    const findings = await this.#scanBody(received.body, scanner, signal);
    return { ...findings, scanMs: performance.now() - started };
  }

  async #scanBody(body: KeptBody, scanner: Scanner, signal: AbortSignal): Promise<Findings> {
    const description = describeBody(this.#message);
    const plain = entityOfPlainBody(body, description);
    if (plain !== undefined) return this.#scanEntities([plain], [], { scanner, signal });
    const extraction = await this.#means.extractor.extract(body, description, signal);
    try {
      const { entities, problems } = extraction;
      return await this.#scanEntities(entities, problems, { scanner, signal });
    } finally {
      extraction.dispose();
    }
  }

  /** Every entity in turn, until one is blocked: the rest cannot make it any better. */
  async #scanEntities(
    entities: readonly Entity[],
    problems: readonly EntityProblem[],
    by: { scanner: Scanner; signal: AbortSignal },
  ): Promise<Findings> {
    const verdicts = problems.map(verdictOfProblem);
    let worst = entities[0];
    for (const entity of entities) {
      const ruled = entities.length > 1 ? this.#ruleOnPart(entity) : undefined;
      if (ruled?.finding === Finding.SkippedByRule) continue;
      if (ruled !== undefined) return { ...ruled, entity };
      const verdict = await scanWithin(by.scanner, entity, this.#contextOf(by.signal));
      verdicts.push(verdict);
      if (verdict.kind !== VerdictKind.Clean) worst = entity;
      if (verdict.kind === VerdictKind.Blocked) break;
    }
    if (verdicts.length === 0) return { finding: Finding.SkippedByRule, entity: worst };
    const verdict = combineVerdicts(verdicts);
    const finding = this.#means.outcomes.strictest(findingsOf(verdict, problems));
    return { finding, verdict, entity: worst };
  }

  #ruleOnPart(entity: Entity): Findings | undefined {
    return this.#means.rules.size > 0 ? findingsOfRule(this.#ruleOn(entity)) : undefined;
  }

  #contextOf(signal: AbortSignal): ScanContext {
    const { service } = this.#means;
    return {
      transactionId: this.#source.incidentId,
      service: service.name,
      direction: service.method === "REQMOD" ? "reqmod" : "respmod",
      url: this.#message.url,
      signal,
    };
  }
}

const OUT_OF_TIME = errorVerdict(VerdictReason.Timeout, "the transaction's time is up");

/** A scanner's verdict, or `timeout` as soon as the transaction's time is up. */
function scanWithin(scanner: Scanner, entity: Entity, context: ScanContext): Promise<Verdict> {
  const { signal } = context;
  if (signal.aborted) return Promise.resolve(OUT_OF_TIME);
  return new Promise((resolve) => {
    const expire = (): void => resolve(OUT_OF_TIME);
    signal.addEventListener("abort", expire, { once: true });
    void scanner
      .scan(entity, context)
      .catch((error: unknown) => errorVerdict(VerdictReason.EngineError, messageOf(error)))
      .then((verdict) => {
        signal.removeEventListener("abort", expire);
        resolve(verdict);
      });
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function findingsOfRule(decision: RuleDecision): Findings | undefined {
  const { action, rule, message } = decision;
  switch (action) {
    case "Skip":
      return { finding: Finding.SkippedByRule, rule };
    case "Block":
      return { finding: Finding.BlockedByRule, reason: VerdictReason.Policy, rule, message };
    case "Error":
      return { finding: Finding.Error, rule };
    case "Scan":
      return undefined;
    default:
      return action satisfies never;
  }
}

function findingsOfFailure(failure: SpoolFailure): Findings {
  return failure.kind === "oversize"
    ? { finding: Finding.Oversize, reason: VerdictReason.Size }
    : { finding: Finding.Error, reason: VerdictReason.EngineError };
}

function verdictOfProblem(problem: EntityProblem): Verdict {
  switch (problem.kind) {
    case "oversize":
      return unscannableVerdict(VerdictReason.Size, problem.reason);
    case "unscannable":
      return unscannableVerdict(VerdictReason.Malformed, problem.reason);
    case "error": {
      const timeout = problem.reason === "aborted";
      const reason = timeout ? VerdictReason.Timeout : VerdictReason.EngineError;
      return errorVerdict(reason, problem.reason);
    }
    default:
      return problem.kind satisfies never;
  }
}

/** All that a verdict stands for, its own kind first; a body too large to be decoded is `oversize`. */
function findingsOf(verdict: Verdict, problems: readonly EntityProblem[]): [Finding, ...Finding[]] {
  const { reason, also = [] } = verdict;
  const others = also.map((kind) => findingOf({ kind }));
  const tooLarge = problems.some((problem) => problem.kind === "oversize");
  const finding = findingOf({ kind: verdict.kind, reason });
  if (tooLarge && finding === Finding.Unscannable) return [Finding.Oversize, ...others];
  return [finding, ...others, ...(tooLarge ? [Finding.Oversize] : [])];
}

/** What the heads say about the body. */
function describeBody(message: Message): BodyDescription {
  const fields = message.entityFields;
  return {
    contentType: joined(fields, "content-type"),
    contentEncoding: joined(fields, "content-encoding"),
    contentDisposition: joined(fields, "content-disposition"),
    url: message.icap.method === "REQMOD" ? undefined : message.url,
  };
}

function joined(fields: Fields, name: string): string | undefined {
  const values = fieldValues(fields, name);
  return values.length === 0 ? undefined : values.join(", ");
}

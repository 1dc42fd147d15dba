import {
  type ArrivingBody,
  type BodyDescription,
  type Entity,
  type EntityExtractor,
  type EntityProblem,
  type Extraction,
  entityOfPlainBody,
  isPlainBody,
  type KeptBody,
  type SpoolFailure,
} from "../entity/index.ts";
import { hasBody } from "../protocol/index.ts";
import {
  combineVerdicts,
  type Decision,
  type EarlyScans,
  type ScanContext,
  type Scanner,
  ScanStage,
  type Screening,
  type Verdict,
  VerdictKind,
  VerdictReason,
} from "../scanning/index.ts";
import { beginScans } from "./early-judgement.ts";
import { beginningsOf, nothingOf } from "./facts/beginnings.ts";
import { describeBody } from "./facts/body-description.ts";
import { entityFromHeads, type KnownEntity, MessageFacts } from "./facts/message-facts.ts";
import { scanContextOf } from "./facts/scan-context.ts";
import { type FoundEntities, PlainEntity } from "./found-entities.ts";
import type { Message } from "./message.ts";
import { carriesWhole } from "./modified-head.ts";
import type { Outcome } from "./outcome.ts";
import type { Findings, OutcomeMaker } from "./outcome-maker.ts";
import type { Override, Overrides } from "./overrides.ts";
import { type Change, type RebuiltBody, rebuildBody } from "./rebuilt-body.ts";
import {
  Finding,
  findingOf,
  type RuleDecision,
  type RuleSet,
  type ServiceFacts,
} from "./rules/index.ts";
import {
  findingsOf,
  findingsOfOverride,
  findingsOfRule,
  notRebuilt,
  ruleFailed,
  spared,
  verdictOfProblem,
  type WithoutScan,
  withoutScan,
} from "./scan-findings.ts";
import { scanWithin } from "./scan-within.ts";
import {
  type EarlyJudgement,
  type Examination,
  type MessageSource,
  NEEDS_MORE,
  type ReceivedBody,
} from "./service.ts";

/** What a service lends to the examination of one message. */
export interface ExaminationMeans {
  readonly service: ServiceFacts;
  readonly rules: RuleSet;
  readonly scanner: Scanner | undefined;
  readonly screening: Screening | undefined;
  readonly overrides: Overrides;
  readonly extractor: EntityExtractor;
  readonly outcomes: OutcomeMaker;
  readonly sharesIdentity: boolean;
  readonly recordsIdentity: boolean;
}

/** One message on its way through a service's rules and scanners. */
export class ScanExamination implements Examination {
  readonly #message: Message;
  readonly #source: MessageSource;
  readonly #means: ExaminationMeans;
  readonly #description: BodyDescription;
  /** What the rules said, once they were asked. */
  #decision: RuleDecision | undefined;
  /** Keeps what is scanned valid for those who read on. */
  #retain: ScanContext["retain"];
  /** What scanners said of its beginning, where an operator may have excepted the whole. */
  #screened: Findings | undefined;
  /** Scans that began while the body arrived. */
  #early: EarlyScans | undefined;
  /** Who wants to know what becomes of the message. */
  readonly #listeners: ((decision: Decision) => void)[] = [];

  constructor(message: Message, source: MessageSource, means: ExaminationMeans) {
    this.#message = message;
    this.#source = source;
    this.#means = means;
    this.#description = describeBody(message);
  }

  decide(preview: Buffer | undefined): Outcome | typeof NEEDS_MORE {
    const bodyFollows = hasBody(this.#message.icap.encapsulated);
    if (bodyFollows && !this.#rulesCanDecide(preview)) return NEEDS_MORE;
    const findings = this.#askRules(() => entityFromHeads(this.#message, this.#plain(preview)));
    if (findings !== undefined) return this.#outcome(findings);
    const judgesHeads = this.#means.screening?.has(ScanStage.Headers) === true;
    if (bodyFollows ? this.#looksInside : judgesHeads) return NEEDS_MORE;
    return this.#outcome({ finding: Finding.Nothing });
  }

  get screens(): boolean {
    const { screening } = this.#means;
    return screening !== undefined && STAGES.some((stage) => screening.has(stage));
  }

  async screen(preview: Buffer, signal: AbortSignal): Promise<Outcome | typeof NEEDS_MORE> {
    const { screening } = this.#means;
    const started = performance.now();
    const plain = this.#plain(preview);
    const known = entityFromHeads(this.#message, plain);
    const context = this.#contextOf(signal);
    const verdict = await screening?.decide(beginningsOf(known, plain), context);
    if (verdict === undefined) return NEEDS_MORE;
    // Rules that see the entity, and operators, may know better when all of it is there.
    const isClean = verdict.kind === VerdictKind.Clean;
    if (isClean && (this.#rulesSeeEntity || this.#mayBe("block"))) return NEEDS_MORE;
    const scanMs = performance.now() - started;
    const findings = { finding: findingOf(verdict), verdict, entity: known, scanMs };
    if (isClean || !this.#mayBe("allow")) return this.#outcome(findings);
    this.#screened = findings;
    return NEEDS_MORE;
  }

  arrive(body: () => ArrivingBody): EarlyJudgement | undefined {
    const { scanner } = this.#means;
    // Rules about the entity may spare the scanners; a coding or a multipart has to be undone first.
    if (scanner?.begin === undefined || this.#rulesSeeEntity) return undefined;
    if (!isPlainBody(this.#description)) return undefined;
    const arriving = body();
    const known = entityFromHeads(this.#message, arriving.head);
    if (known.size > scanner.maxBytes) return undefined;
    const { scans, judgement } = beginScans({
      scanner,
      arriving,
      known,
      context: this.#contextOf(new AbortController().signal),
      decides: !this.#mayBe("allow"),
      outcomeOf: (verdict) =>
        this.#outcome({ finding: findingOf(verdict), verdict, entity: known }),
    });
    this.#early = scans;
    return judgement;
  }

  async judge(received: ReceivedBody, signal: AbortSignal): Promise<Outcome> {
    let decision: Decision = { passes: false, isCondemned: false };
    try {
      const outcome = await this.#judge(received, signal);
      decision = decisionOf(outcome);
      return outcome;
    } finally {
      for (const listener of this.#listeners) listener(decision);
    }
  }

  async #judge(received: ReceivedBody, signal: AbortSignal): Promise<Outcome> {
    // A preview may have been too short to show what the entity is.
    if (this.#rulesSeeEntity && this.#decision?.rule === undefined) this.#decision = undefined;
    const findings = this.#askRules(() => this.#knownEntity(received));
    return this.#outcome(findings ?? (await this.#scanReceived(received, signal)));
  }

  #outcome(findings: Findings): Outcome {
    const { outcomes } = this.#means;
    const rule = findings.rule ?? this.#decision?.rule;
    const monitored = this.#decision?.monitored;
    return outcomes.make(this.#message, { ...findings, rule, monitored }, this.#source);
  }

  /** Rules about the entity have to wait for its first bytes. */
  #rulesCanDecide(preview: Buffer | undefined): boolean {
    return (preview !== undefined && preview.length > 0) || !this.#rulesSeeEntity;
  }

  get #rulesSeeEntity(): boolean {
    const { rules } = this.#means;
    return rules.size > 0 && usesEntity(rules);
  }

  /** Somebody wants to see the entities: scanners, or rules where the first bytes do not show them. */
  get #looksInside(): boolean {
    if (this.#means.scanner !== undefined) return true;
    return this.#rulesSeeEntity && !isPlainBody(this.#description);
  }

  /** First bytes that are the entity's own; those of a coding or a multipart say nothing about it. */
  #plain(bytes: Buffer | undefined): Buffer | undefined {
    return isPlainBody(this.#description) ? bytes : undefined;
  }

  /** The rules' decision about the message, made once; undefined when they leave it to the scanners. */
  #askRules(known: () => KnownEntity): Findings | undefined {
    if (this.#decision !== undefined || this.#means.rules.size === 0) return undefined;
    this.#decision = this.#ruleOn(known());
    return findingsOfRule(this.#decision);
  }

  #ruleOn(entity: KnownEntity): RuleDecision {
    const { rules, service } = this.#means;
    const { peer } = this.#source;
    return rules.decide(new MessageFacts(this.#message, { peer, service, entity }));
  }

  #knownEntity(received: ReceivedBody): KnownEntity {
    if (received.kind !== "complete") return entityFromHeads(this.#message, undefined);
    const { head, size } = received.body;
    return { ...entityFromHeads(this.#message, this.#plain(head)), size };
  }

  async #scanReceived(received: ReceivedBody, signal: AbortSignal): Promise<Findings> {
    if (received.kind === "none") return this.#scanHeads(signal);
    if (received.kind === "failed") {
      return this.#screened ?? this.#findingsOfFailure(received.failure);
    }
    if (!this.#looksInside) return { finding: Finding.Nothing };
    const started = performance.now();
    this.#retain = received.retain;
    this.#early?.arrived(received.body.sha256);
    const findings = await this.#scanBody(received.body, signal);
    return { ...findings, scanMs: performance.now() - started };
  }

  /** A message without a body is for those who judge by its heads, such as lists of URLs. */
  async #scanHeads(signal: AbortSignal): Promise<Findings> {
    const started = performance.now();
    const nothing = nothingOf(entityFromHeads(this.#message, undefined));
    const context = this.#contextOf(signal);
    const verdict = await this.#means.screening?.judgeHeads(nothing, context);
    if (verdict === undefined) return { finding: Finding.Nothing };
    return { ...this.#sum([verdict], [], undefined), scanMs: performance.now() - started };
  }

  /** Rules that would have looked at the entity are as much in the dark as scanners. */
  #findingsOfFailure(failure: SpoolFailure): Findings {
    if (!this.#looksInside && !this.#rulesSeeEntity) return { finding: Finding.Nothing };
    return failure.kind === "oversize"
      ? { finding: Finding.Oversize, reason: VerdictReason.Size }
      : { finding: Finding.Error, reason: VerdictReason.EngineError };
  }

  async #scanBody(body: KeptBody, signal: AbortSignal): Promise<Findings> {
    const plain = entityOfPlainBody(body, this.#description);
    if (plain !== undefined) return this.#scanEntities(new PlainEntity(plain), signal);
    const extraction = await this.#means.extractor.extract(body, this.#description, signal);
    this.#retain = retainBoth(this.#retain, extraction);
    try {
      return await this.#scanEntities(extraction, signal);
    } finally {
      extraction.dispose();
    }
  }

  async #scanEntities(found: FoundEntities, signal: AbortSignal): Promise<Findings> {
    const changes: Change[] = [];
    const layout = carriesWhole(this.#message) ? found.layout : undefined;
    let rebuilt: RebuiltBody | undefined;
    try {
      const findings = await this.#judgeEntities(found, { layout, changes }, signal);
      if (findings.finding !== Finding.Modified) return findings;
      rebuilt = await rebuildBody({ layout, retain: found.retain }, changes);
      return rebuilt === undefined ? notRebuilt(findings) : { ...findings, rebuilt };
    } finally {
      if (rebuilt === undefined) for (const { replacement } of changes) replacement.dispose();
    }
  }

  /** Every entity in turn, until one is blocked: the rest cannot make it any better. */
  async #judgeEntities(
    { entities, problems }: FoundEntities,
    changing: Changing,
    signal: AbortSignal,
  ): Promise<Findings> {
    const verdicts = problems.map(verdictOfProblem);
    let worst = entities[0];
    let override: Override | undefined;
    for (const entity of entities) {
      const known = this.#withoutScan(entity);
      if (known?.outcome === "blocks") return { ...known.findings, entity };
      override ??= known?.findings.override;
      if (known?.outcome === "passes") continue;
      const verdict =
        known === undefined
          ? await this.#scanEntity(entity, changing, signal)
          : ruleFailed(known.findings.rule);
      verdicts.push(verdict);
      if (verdict.kind !== VerdictKind.Clean) worst = entity;
      if (verdict.kind === VerdictKind.Blocked) break;
    }
    return { ...this.#sum(verdicts, problems, override), entity: worst, override };
  }

  #sum(
    verdicts: readonly Verdict[],
    problems: readonly EntityProblem[],
    override: Override | undefined,
  ): Findings {
    if (verdicts.length === 0) return spared(override);
    const verdict = combineVerdicts(verdicts);
    const finding = this.#means.outcomes.strictest(findingsOf(verdict, problems));
    const isExcepted = override !== undefined && finding === Finding.Clean;
    return { finding, ...(isExcepted && spared(override)), verdict };
  }

  /** What rules and operators say of an entity; undefined: scanners judge it. */
  #withoutScan(entity: Entity): WithoutScan | undefined {
    const ruled = withoutScan(this.#ruleOnEntity(entity));
    const said = this.#overrideOf(entity);
    // Not even a rule that fails, in a service that lets errors pass, undoes a block.
    const isOpen = ruled === undefined || (ruled.outcome === "fails" && said?.action === "block");
    return isOpen ? withoutScan(said && findingsOfOverride(said)) : ruled;
  }

  /** What an operator says of this content; only of what scanners would be asked about. */
  #overrideOf({ sha256 }: Entity): Override | undefined {
    const { overrides, scanner, service } = this.#means;
    return scanner === undefined ? undefined : overrides.find(sha256, service);
  }

  /** Whether an operator may have said this of what is not known yet. */
  #mayBe(action: Override["action"]): boolean {
    const { overrides, service } = this.#means;
    return overrides.has(action, service);
  }

  async #scanEntity(entity: Entity, changing: Changing, signal: AbortSignal): Promise<Verdict> {
    const { scanner } = this.#means;
    if (scanner === undefined) return NOT_SCANNED;
    if (this.#screened?.verdict !== undefined) return this.#screened.verdict;
    const takesReplacement = changing.layout?.placeOf(entity) !== undefined;
    const context = { ...this.#contextOf(signal), takesReplacement };
    const verdict = await scanWithin(scanner, entity, context);
    const { replacement } = verdict;
    if (replacement !== undefined) changing.changes.push({ entity, replacement });
    return verdict;
  }

  /** Rules that could not see the entity in the body as it came are asked again. */
  #ruleOnEntity(entity: Entity): Findings | undefined {
    if (!this.#rulesSeeEntity || isPlainBody(this.#description)) return undefined;
    return findingsOfRule(this.#ruleOn(entity));
  }

  readonly #onDecided = (listener: (decision: Decision) => void): void => {
    this.#listeners.push(listener);
  };

  #contextOf(signal: AbortSignal): ScanContext {
    const { service, sharesIdentity, recordsIdentity } = this.#means;
    const options = { service: service.name, sharesIdentity, recordsIdentity };
    const context = scanContextOf(this.#message, this.#source, options, signal);
    return { ...context, retain: this.#retain, early: this.#early, onDecided: this.#onDecided };
  }
}

function decisionOf({ kind, report }: Outcome): Decision {
  return {
    passes: kind === "unmodified" || kind === "modified",
    isCondemned: report.verdict?.kind === VerdictKind.Blocked,
  };
}

const STAGES = Object.values(ScanStage);

/** The changes so far, and what there is to change. */
interface Changing extends Pick<FoundEntities, "layout"> {
  readonly changes: Change[];
}

/** Parts of a body lie in it or in the copies that were made of them. */
function retainBoth(body: ScanContext["retain"], copies: Extraction): ScanContext["retain"] {
  return () => {
    const releases = [body?.(), copies.retain()];
    return () => {
      for (const release of releases) release?.();
    };
  };
}

/** Of a service that has rules and no scanners: nothing speaks against the entity. */
const NOT_SCANNED: Verdict = { kind: VerdictKind.Clean, threats: [] };

function usesEntity({ uses }: RuleSet): boolean {
  for (const name of uses) {
    if (name.startsWith("entity")) return true;
  }
  return false;
}

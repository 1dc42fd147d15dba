import {
  type ContentKeeper,
  errorVerdict,
  keepContent,
  pause,
  type Replacement,
  type Verdict,
  VerdictKind,
  VerdictReason,
} from "../index.ts";
import { messageOf, verdictOf } from "./answer-verdict.ts";
import { refusalOf } from "./error-verdict.ts";
import { base64Content } from "./http/base64-content.ts";
import { type Answer, ExchangeFailure } from "./http/exchange.ts";
import type { BodyContent } from "./http/request-body.ts";
import { timed } from "./http/timed.ts";
import type { Transport } from "./http/transport.ts";
import { encodeJob, type TemplateJob } from "./job.ts";
import { plainValue } from "./language/plain-value.ts";
import { AnswerView, type SubjectFacts, SubjectView } from "./language/views.ts";
import type { NamedExpressions, Plan, PlannedStep } from "./plan/plan.ts";
import { type Polling, PollPauses } from "./poll-pauses.ts";
import type { Json } from "./template.ts";

/** What a scan is made of, beside its plan. */
export interface RunParts {
  readonly plan: Plan;
  readonly transport: Transport;
  /** Undefined where nobody asked for new content. */
  readonly keeper: ContentKeeper | undefined;
}

/** What is scanned, and until when. */
export interface RunSubject {
  readonly facts: SubjectFacts;
  /** Undefined when a scan is followed: its steps do without. */
  readonly content: BodyContent | undefined;
  readonly signal: AbortSignal;
  /** Called with each answer of the vendor. */
  readonly onAnswer: () => void;
  /** On the clock of `performance.now()`. */
  readonly deadlineAt: number;
  /** Polling is left to whoever follows the job. */
  readonly jobAtOnce?: boolean | undefined;
}

/** `pending` is said so long before the time is up: later it would be a timeout. */
const MARGIN_MS = 100;
/** Polls that may fail one after the other before the scan has. */
const MAX_POLL_FAILURES = 3;

/** What comes with these is no content, or not all of it (RFC 9110 §15.3). */
const NO_WHOLE: ReadonlySet<number> = new Set([202, 204, 205, 206]);

/** Carries the verdict of a scan that ends before its last step. */
class Concluded extends Error {
  readonly verdict: Verdict;
  /** It says nothing against the vendor. */
  constructor(verdict: Verdict) {
    super(verdict.kind);
    this.verdict = verdict;
  }
}

/**
 * One scan: the steps of a template, in order, and what the last answer means.
 *
 * ```
 * step: when ─false─▶ next      expect ─false─▶ errors ─▶ verdict
 *   │                             │     └ polling and Busy ─▶ pause
 *  let ─▶ request ─▶ answer ──────┤
 *             ▲                 until ─false─▶ pause ─▶ time is up ─▶ pending, with a job
 *             └───────────────────┼──────────────┘
 *                              extract ─▶ done ─true─▶ result
 * ```
 */
export class ScanRun {
  readonly #parts: RunParts;
  readonly #subject: RunSubject;
  readonly #state: Record<string, Json> = {};
  readonly #req: SubjectView;
  #answer: Answer | undefined;
  #content: Replacement | undefined;

  constructor(parts: RunParts, subject: RunSubject) {
    this.#parts = parts;
    this.#subject = subject;
    this.#req = new SubjectView(subject.facts);
  }

  /** From the first step. Never rejects. */
  start(): Promise<Verdict> {
    return this.#conclude(() => this.#steps(0, undefined));
  }

  /** From the polling step of a job on. Never rejects. */
  resume(job: TemplateJob): Promise<Verdict> {
    Object.assign(this.#state, job.state);
    return this.#conclude(() => this.#steps(job.step, job));
  }

  async #conclude(steps: () => Promise<void>): Promise<Verdict> {
    let verdict: Verdict;
    try {
      await steps();
      verdict = await this.#result();
    } catch (error) {
      verdict = verdictOfError(error);
    }
    if (verdict.replacement === undefined) this.#content?.dispose();
    return verdict;
  }

  async #steps(from: number, job: TemplateJob | undefined): Promise<void> {
    const { steps } = this.#parts.plan;
    for (const [offset, step] of steps.slice(from).entries()) {
      try {
        const resumed = offset === 0 ? job : undefined;
        const isLast = await this.#step(step, from + offset, resumed);
        if (isLast) return;
      } catch (error) {
        throw named(step.name, error);
      }
    }
  }

  /** Whether the steps that follow are left out. */
  async #step(step: PlannedStep, index: number, job: TemplateJob | undefined): Promise<boolean> {
    if (job === undefined) {
      if (step.when !== undefined && !this.#holds(step.when)) return false;
      this.#keep(step.let);
    }
    if (step.poll !== undefined) await this.#poll(step, index, step.poll, job);
    else await this.#askOnce(step);
    this.#keep(step.extract);
    return step.done !== undefined && this.#holds(step.done);
  }

  async #askOnce(step: PlannedStep): Promise<void> {
    const { transport, keeper } = this.#parts;
    const request = transport.request(step.request, this.#values());
    const isWanted = (answer: Answer): boolean =>
      this.#isExpected(step, answer) && !(step.givesContent && NO_WHOLE.has(answer.status));
    if (step.givesContent && keeper === undefined) {
      const message = "the scanner gives new content, and the service takes none";
      throw new Concluded(errorVerdict(VerdictReason.EngineError, message));
    }
    if (keeper === undefined || !step.givesContent) {
      this.#answer = await transport.ask(request, this.#subject.signal);
      this.#subject.onAnswer();
      if (!isWanted(this.#answer)) throw new Concluded(this.#refusal(this.#answer).verdict);
      return;
    }
    const opened = await transport.askForContent(request, this.#subject.signal, {
      isWanted,
      keep: (pieces, mediaType) => keepContent(pieces, keeper, mediaType),
    });
    this.#answer = opened.answer;
    this.#subject.onAnswer();
    if (opened.content === undefined) throw new Concluded(this.#refusal(opened.answer).verdict);
    this.#content = opened.content;
  }

  async #poll(
    step: PlannedStep,
    index: number,
    poll: NonNullable<PlannedStep["poll"]>,
    job: TemplateJob | undefined,
  ): Promise<void> {
    const pauses = new PollPauses(poll, job);
    const standing = { step, index, pauses };
    let failures = 0;
    for (let isFirst = job === undefined; ; isFirst = false) {
      if (!isFirst) await this.#wait(standing);
      const asked = await this.#askInPoll(standing);
      if (asked === "answered") return;
      failures = asked instanceof ExchangeFailure ? failures + 1 : 0;
      if (asked instanceof ExchangeFailure && failures >= MAX_POLL_FAILURES) throw asked;
    }
  }

  /** Pauses; ends the scan when that is longer than the time that is left. */
  async #wait({ step, index, pauses }: StandingPoll): Promise<void> {
    if (pauses.isOver) {
      const message = "the scanner has not come to a verdict in time";
      throw new Concluded(errorVerdict(VerdictReason.Timeout, message));
    }
    if (pauses.leftMs >= this.#leftMs()) throw new Concluded(this.#pending(step, index, pauses));
    if (this.#subject.jobAtOnce) {
      const pending = this.#pending(step, index, pauses);
      if (pending.job !== undefined) throw new Concluded(pending);
    }
    await pause(pauses.leftMs, this.#subject.signal);
    if (this.#subject.signal.aborted) throw new Concluded(this.#pending(step, index, pauses));
  }

  /** Whether the last answer is there; a failure that may pass is given back. */
  async #askInPoll(standing: StandingPoll): Promise<"answered" | "not yet" | ExchangeFailure> {
    const { step, index, pauses } = standing;
    const { transport } = this.#parts;
    const request = transport.request(step.request, this.#values());
    let isLate = false;
    try {
      this.#answer = await timed(this.#subject.signal, this.#leftMs(), (signal) => {
        signal.addEventListener("abort", () => {
          isLate = true;
        });
        return transport.ask(request, signal);
      });
      this.#subject.onAnswer();
    } catch (error) {
      if (isLate) throw new Concluded(this.#pending(step, index, pauses));
      pauses.next(undefined);
      if (error instanceof ExchangeFailure) return error;
      throw error;
    }
    return this.#isLastAnswer(standing, this.#answer) ? "answered" : "not yet";
  }

  #isLastAnswer({ step, pauses }: StandingPoll, answer: Answer): boolean {
    if (!this.#isExpected(step, answer)) {
      const { isBusy, verdict } = this.#refusal(answer);
      if (!isBusy) throw new Concluded(verdict);
      pauses.next(answer.retryAfterMs);
      return false;
    }
    if (step.poll !== undefined && this.#holds(step.poll.until)) return true;
    const wish = step.poll?.pause?.evaluate(this.#activation());
    pauses.next(answer.retryAfterMs ?? (wish === undefined ? undefined : Number(wish) * 1000));
    return false;
  }

  #isExpected(step: PlannedStep, answer: Answer): boolean {
    this.#answer = answer;
    return this.#holds(step.expect);
  }

  #refusal(answer: Answer) {
    const { plan, transport } = this.#parts;
    const refusal = refusalOf(plan.errors, answer, this.#activation());
    if (refusal.isBusy) transport.rest(answer.retryAfterMs);
    return refusal;
  }

  #pending(step: PlannedStep, index: number, pauses: PollPauses): Verdict {
    const job = this.#job(step, index, pauses.polling);
    return {
      kind: VerdictKind.Pending,
      threats: [],
      message: "the scanner has not come to a verdict yet",
      ...(job !== undefined && { job }),
    };
  }

  #job({ resumesWith }: PlannedStep, step: number, polling: Polling): string | undefined {
    if (resumesWith === undefined) return undefined;
    const { plan } = this.#parts;
    const has = (root: string, name: string) =>
      resumesWith.has(`${root}.${name}`) || resumesWith.has(root);
    const state = Object.entries(this.#state).filter(([name]) => has("state", name));
    const req = Object.entries(this.#subject.facts).filter(
      ([name, value]) => has("req", name) && value !== undefined,
    );
    return encodeJob({
      hash: plan.hash,
      step,
      state: Object.fromEntries(state),
      req: Object.fromEntries(req),
      ...polling,
    });
  }

  async #result(): Promise<Verdict> {
    const { plan, keeper } = this.#parts;
    const { base64, mediaType } = plan.result;
    const activation = this.#activation();
    const verdict = verdictOf(plan, activation, this.#content);
    const needsContent = base64 !== undefined && wantsContent(plan, activation);
    if (needsContent && keeper !== undefined) {
      this.#content = await base64Content(base64.evaluate(activation), keeper);
      return this.#withType(verdictOf(plan, activation, this.#content), mediaType);
    }
    return this.#withType(verdict, mediaType);
  }

  #withType(verdict: Verdict, mediaType: Plan["result"]["mediaType"]): Verdict {
    const { replacement } = verdict;
    if (replacement === undefined || mediaType === undefined) return verdict;
    const type = mediaType.evaluate(this.#activation());
    if (typeof type !== "string" || !/^[\w.+-]+\/[\w.+-]+$/.test(type)) return verdict;
    return { ...verdict, replacement: { ...replacement, mediaType: type.toLowerCase() } };
  }

  #values() {
    return {
      req: this.#subject.facts,
      params: this.#parts.plan.template.params,
      state: this.#state,
      activation: this.#activation(),
      content: this.#subject.content,
    };
  }

  #activation(): object {
    const { params } = this.#parts.plan.template;
    const common = { req: this.#req, params, state: this.#state };
    return this.#answer === undefined ? common : { ...common, res: new AnswerView(this.#answer) };
  }

  #holds(expression: NonNullable<PlannedStep["when"]>): boolean {
    const value = expression.evaluate(this.#activation());
    if (typeof value !== "boolean") throw new TypeError(`"${expression.source}" gave no bool`);
    return value;
  }

  #keep(expressions: NamedExpressions): void {
    for (const [name, expression] of expressions) {
      this.#state[name] = plainValue(expression.evaluate(this.#activation()));
    }
  }

  #leftMs(): number {
    return this.#subject.deadlineAt - performance.now() - MARGIN_MS;
  }
}

interface StandingPoll {
  readonly step: PlannedStep;
  readonly index: number;
  readonly pauses: PollPauses;
}

function wantsContent({ result }: Plan, activation: object): boolean {
  try {
    return result.verdict.evaluate(activation) === VerdictKind.Modified;
  } catch {
    return false;
  }
}

function named(step: string, error: unknown): unknown {
  if (error instanceof Concluded) return error;
  if (error instanceof ExchangeFailure) {
    return new ExchangeFailure(error.reason, `${step}: ${error.message}`, error.isUnsent);
  }
  return new Error(`${step}: ${messageOf(error)}`);
}

function verdictOfError(error: unknown): Verdict {
  if (error instanceof Concluded) return error.verdict;
  const reason = error instanceof ExchangeFailure ? error.reason : VerdictReason.EngineError;
  return errorVerdict(reason, messageOf(error));
}

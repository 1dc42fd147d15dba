import type { Entity } from "../../entity/index.ts";
import { EjectionReason, type EndpointMetrics, noEndpointMetrics } from "../../telemetry/index.ts";
import {
  type Beginning,
  type CacheScope,
  Circuit,
  type ContentKeeper,
  errorVerdict,
  type FollowContext,
  type RemoteScannerOptions,
  Retries,
  type ScanContext,
  type Scanner,
  type ScannerCredentials,
  ScanStage,
  type Verdict,
  VerdictKind,
  VerdictReason,
} from "../index.ts";
import { messageOf } from "./answer-verdict.ts";
import { EngineEpoch } from "./engine-epoch.ts";
import { HttpClient } from "./http/http-client.ts";
import { basicAuthorization } from "./http/outgoing-request.ts";
import { Redactor } from "./http/redactor.ts";
import { Transport } from "./http/transport.ts";
import { decodeJob } from "./job.ts";
import { KeptVerdicts } from "./kept-verdicts.ts";
import { factsOfHeads, isVerdict, NO_FACTS, subjectFacts } from "./language/subject-facts.ts";
import type { SubjectFacts } from "./language/views.ts";
import { makePlan } from "./plan/make-plan.ts";
import type { Plan } from "./plan/plan.ts";
import { RunningScans } from "./running-scans.ts";
import { type RunSubject, ScanRun } from "./scan-run.ts";
import type { Template } from "./template.ts";

/** What proves who asks; made of secrets, so never logged. */
export interface TemplateCredentials extends ScannerCredentials {
  /** The template's secrets by name; optional ones may be left out. */
  readonly secrets: Readonly<Record<string, string>>;
}

export interface TemplateScannerOptions extends RemoteScannerOptions<TemplateCredentials> {
  readonly template: Template;
  readonly metrics?: EndpointMetrics;
  /** Where new content is kept; left out: it may not give any. */
  readonly replacements?: Omit<ContentKeeper, "maxBytes">;
}

/**
 * A scanner that asks a vendor as a template says. Resolves when the engine has been asked for its
 * version once. Rejects when the template is wrong.
 */
export async function createTemplateScanner(options: TemplateScannerOptions): Promise<Scanner> {
  const made = makePlan(options.template);
  if ("problems" in made) {
    const why = made.problems.map(({ path, message }) => `${path.join(".")}: ${message}`);
    throw new Error(`the template of ${options.name} is wrong: ${why.join("; ")}`);
  }
  const scanner = new TemplateScanner(made.plan, options);
  await scanner.start();
  return scanner;
}

/** Closes a client after its last exchange may have ended. */
const RETIRE_MS = 60_000;

interface Session {
  readonly client: HttpClient;
  readonly transport: Transport;
}

/** What a run has of its own, rather than of the transaction. */
type Course = Pick<RunSubject, "signal" | "onAnswer">;
type RunContext = FollowContext & Pick<ScanContext, "jobAtOnce"> & Course;

class TemplateScanner implements Scanner {
  readonly name: string;
  readonly #plan: Plan;
  readonly #options: TemplateScannerOptions;
  readonly #circuit: Circuit;
  readonly #retries: Retries;
  readonly #epoch: EngineEpoch;
  readonly #running = new RunningScans();
  readonly #kept = new KeptVerdicts();
  #session: Session;
  readonly #metrics: EndpointMetrics;
  readonly #endMetrics: () => void;
  #endCredentials: (() => void) | undefined;

  constructor(plan: Plan, options: TemplateScannerOptions) {
    this.name = options.name;
    this.#plan = plan;
    this.#options = options;
    const { circuitBreaker, name: scanner, logger, metrics = noEndpointMetrics, retry } = options;
    this.#retries = new Retries({ scanner, retry, metrics });
    this.#metrics = metrics;
    this.#circuit = new Circuit({
      ...circuitBreaker,
      subject: "scanner",
      names: () => ({ url: this.#url }),
      scanner,
      metrics,
      logger,
    });
    this.#session = this.#sessionWith(options.credentials);
    this.#epoch = new EngineEpoch({
      plan,
      metrics: this.#metrics,
      transport: () => this.#session.transport,
      logger: options.logger,
      scanner: options.name,
    });
    this.#endMetrics = this.#metrics.watchEndpoints(options.name, () => [this.#state()]);
  }

  get epoch(): string {
    return this.#epoch.current;
  }

  get maxBytes(): number {
    return this.#plan.sendsContent ? this.#plan.template.limits.maxBytes : Number.POSITIVE_INFINITY;
  }

  get cacheScope(): CacheScope {
    return this.#plan.cacheScope;
  }

  async start(): Promise<void> {
    await this.#epoch.start();
    this.#endCredentials = this.#options.onCredentials?.((credentials) => {
      const { client } = this.#session;
      this.#session = this.#sessionWith(credentials);
      setTimeout(() => void client.close(), RETIRE_MS).unref();
    });
  }

  get stages(): readonly ScanStage[] {
    return this.#plan.judgesHeads ? [ScanStage.Headers] : [];
  }

  async screen(_beginning: Beginning, context: ScanContext): Promise<Verdict | undefined> {
    const verdict = this.#refusal() ?? (await this.#judgeHeads(context));
    this.#kept.keep(context, verdict);
    const decides = verdict.kind === VerdictKind.Clean || verdict.kind === VerdictKind.Blocked;
    return decides ? verdict : undefined;
  }

  async scan(entity: Entity, context: ScanContext): Promise<Verdict> {
    const kept = this.#plan.judgesHeads ? this.#kept.of(context) : undefined;
    if (kept !== undefined) return kept;
    const { reads, template } = this.#plan;
    const { textBytes } = template.limits;
    const refused = this.#refusal();
    if (refused !== undefined) return refused;
    const facts = await subjectFacts(entity, context, { reads, textBytes }).catch(messageOf);
    if (typeof facts === "string")
      return this.#told(errorVerdict(VerdictReason.EngineError, facts));
    if (isVerdict(facts)) return facts;
    return this.#judged(context, (course) =>
      this.#run(facts, entity, { ...context, ...course }, context.takesReplacement).start(),
    );
  }

  async follow(text: string, context: FollowContext): Promise<Verdict> {
    const job = decodeJob(text, this.#plan.hash);
    const isOurs = job !== undefined && this.#plan.steps[job.step]?.poll !== undefined;
    if (!isOurs) return errorVerdict(VerdictReason.EngineError, "the job is of another template");
    const facts: SubjectFacts = { ...NO_FACTS, ...job.req };
    return this.#judged(context, (course) =>
      this.#run(facts, undefined, { ...context, ...course }).resume(job),
    );
  }

  async close(): Promise<void> {
    this.#running.end();
    this.#epoch.stop();
    this.#endCredentials?.();
    this.#endMetrics();
    await this.#session.client.close();
  }

  #refusal(): Verdict | undefined {
    if (this.#running.isEnded) {
      return errorVerdict(VerdictReason.EngineError, `${this.name} is closed`);
    }
    return this.#isLeftAlone
      ? errorVerdict(VerdictReason.Overload, "the scanner is left alone for a while")
      : undefined;
  }

  #judgeHeads(context: ScanContext): Promise<Verdict> {
    return this.#judged(context, (course) =>
      this.#run(factsOfHeads(context), undefined, { ...context, ...course }).start(),
    );
  }

  /** Runs a scan, and counts how it went. */
  async #judged(
    { signal }: FollowContext,
    run: (course: Course) => Promise<Verdict>,
  ): Promise<Verdict> {
    this.#retries.scanBegan();
    this.#circuit.admit();
    let dueSince = this.#circuit.now();
    const onAnswer = (): void => {
      dueSince = this.#circuit.now();
    };
    const verdict = await this.#running.run(signal, (ended) => run({ signal: ended, onAnswer }));
    const failed = verdict.kind === VerdictKind.Error;
    if (this.#running.isEnded) this.#circuit.abandoned();
    else this.#circuit.ended({ failed, signal, dueSince, why: verdict.message });
    return this.#told(verdict);
  }

  get #url(): string {
    return this.#plan.origin + this.#plan.basePath;
  }

  get #isLeftAlone(): boolean {
    return !this.#circuit.admits || this.#session.transport.rests;
  }

  #state() {
    return {
      url: this.#url,
      address: "",
      isUp: this.#epoch.isUp,
      isEjected: this.#isLeftAlone,
      requests: this.#running.size,
    };
  }

  #told(verdict: Verdict): Verdict {
    if (verdict.kind === VerdictKind.Error) {
      const { reason, message: why } = verdict;
      this.#options.logger.debug("scanner gave no verdict", { scanner: this.name, reason, why });
    }
    return { ...verdict, epoch: this.epoch };
  }

  #run(
    facts: SubjectFacts,
    content: Entity | undefined,
    { signal, onAnswer, deadlineAt = Number.POSITIVE_INFINITY, jobAtOnce }: RunContext,
    takesReplacement = false,
  ): ScanRun {
    const { replacements } = this.#options;
    const { contentBytes } = this.#plan.template.limits;
    const keeper =
      takesReplacement && replacements !== undefined
        ? { ...replacements, maxBytes: contentBytes }
        : undefined;
    const { transport } = this.#session;
    const parts = { plan: this.#plan, transport, keeper };
    return new ScanRun(parts, { facts, content, signal, onAnswer, deadlineAt, jobAtOnce });
  }

  #sessionWith(credentials: TemplateCredentials): Session {
    const { connections } = this.#options;
    const { template, origin } = this.#plan;
    const client = new HttpClient({
      origin,
      connections,
      connectTimeoutMs: template.limits.connectTimeoutMs,
      addresses: template.addresses,
      tls: credentials.tls,
    });
    const transport = new Transport({
      plan: this.#plan,
      client,
      redactor: new Redactor(this.#secretsOf(credentials)),
      secrets: credentials.secrets,
      headers: headersOf(credentials),
      retries: this.#retries,
      onRest: () => this.#metrics.endpointEjected(this.name, EjectionReason.Busy),
    });
    return { client, transport };
  }

  /** Whatever must not come back, as it is and as it is sent. */
  #secretsOf(credentials: TemplateCredentials): string[] {
    const { auth, secrets } = credentials;
    const values = Object.values(secrets);
    const basic = basicAuthorization(this.#plan, secrets);
    const sent = [auth?.value, basic].filter((value) => value !== undefined);
    // `Basic …` may come back without its scheme.
    return [...values, ...sent, ...sent.map((value) => value.replace(/^\w+ /, ""))];
  }
}

function headersOf({ auth }: TemplateCredentials): Record<string, string> {
  return auth === undefined ? {} : { [auth.name.toLowerCase()]: auth.value };
}

import { type EndpointMetrics, EpochChanges, type Logger } from "../../telemetry/index.ts";
import { messageOf } from "./answer-verdict.ts";
import { timed } from "./http/timed.ts";
import type { Transport } from "./http/transport.ts";
import { AnswerView } from "./language/views.ts";
import type { Plan } from "./plan/plan.ts";

export interface EngineEpochOptions {
  readonly plan: Plan;
  readonly transport: () => Transport;
  readonly logger: Logger;
  readonly metrics: EndpointMetrics;
  /** For the log. */
  readonly scanner: string;
}

const PROBE_TIMEOUT_MS = 5000;
const MAX_LENGTH = 200;
const HASH_LENGTH = 12;

/**
 * Identity of a vendor's engine with its signatures: what the template's `epoch` tells, behind the
 * hash of the template itself, for a mapping that changes changes verdicts too.
 */
export class EngineEpoch {
  readonly #options: EngineEpochOptions;
  readonly #changes: EpochChanges;
  readonly #end = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #engine: string | undefined;
  #isKnown: boolean | undefined;

  constructor(options: EngineEpochOptions) {
    this.#options = options;
    this.#changes = new EpochChanges(options);
  }

  /** The engine answered when it was asked last; a template without `epoch` never asks. */
  get isUp(): boolean {
    return this.#isKnown ?? true;
  }

  get current(): string {
    const { epoch, hash } = this.#options.plan;
    const template = hash.slice(0, HASH_LENGTH);
    return epoch === undefined ? template : `${template};${this.#engine ?? "unknown"}`;
  }

  /** Resolves when the engine was asked once, and goes on asking. Never rejects. */
  async start(): Promise<void> {
    const { epoch } = this.#options.plan;
    if (epoch === undefined) return;
    await this.#probe(epoch);
    if (this.#end.signal.aborted) return;
    this.#timer = setInterval(() => void this.#probe(epoch), epoch.everyMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#end.abort();
  }

  async #probe({ request, value }: NonNullable<Plan["epoch"]>): Promise<void> {
    const { plan, transport } = this.#options;
    const { params } = plan.template;
    const values = { req: {}, state: {}, params, activation: { params }, content: undefined };
    const ask = (signal: AbortSignal) =>
      transport().ask(transport().request(request, values), signal);
    try {
      const answer = await timed(this.#end.signal, PROBE_TIMEOUT_MS, ask);
      if (answer.status < 200 || answer.status >= 300) {
        throw new Error(`it answered ${answer.status}`);
      }
      this.#learn(textOf(value.evaluate({ params, res: new AnswerView(answer) })));
      this.#tell(undefined);
    } catch (error) {
      if (!this.#end.signal.aborted) this.#tell(messageOf(error));
    }
  }

  #learn(engine: string): void {
    const isChange = this.#engine !== undefined && this.#engine !== engine;
    this.#engine = engine;
    if (!isChange) return;
    this.#changes.tell(this.current);
  }

  /** Logs when it changes whether the engine can be asked; what was known last stays. */
  #tell(why: string | undefined): void {
    const isKnown = why === undefined;
    this.#options.metrics.probeEnded(this.#options.scanner, isKnown);
    if (isKnown === this.#isKnown) return;
    const { logger, scanner } = this.#options;
    if (!isKnown) logger.warn("scanner does not tell its version", { scanner, why });
    else if (this.#isKnown === false) logger.info("scanner tells its version again", { scanner });
    this.#isKnown = isKnown;
  }
}

function textOf(value: unknown): string {
  const text = typeof value === "string" ? value : Number(value).toString();
  if (text === "" || text === "NaN") throw new Error("epoch.value gave no text and no number");
  const visible = text.replace(/[^\x20-\x7e]+/g, (part) => encodeURIComponent(part.toWellFormed()));
  return visible.slice(0, MAX_LENGTH);
}

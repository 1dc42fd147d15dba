import type { Spool } from "../entity/index.ts";
import { icapError } from "../protocol/index.ts";
import {
  type EarlyJudgement,
  type Examination,
  failedWith,
  type Message,
  type MessageSource,
  NEEDS_MORE,
  type Outcome,
  type ReceivedBody,
  releaseOutcome,
  type Service,
} from "../services/index.ts";
import { Cause, type Logger } from "../telemetry/index.ts";
import { Judgement } from "./judgement.ts";

/**
 * What a service is asked about one message. Throws and rejects nothing: a fault of the service is told
 * plainly, as an outcome, and is never a pass.
 */
export class Consultation {
  readonly #service: Service;
  readonly #message: Message;
  readonly #source: MessageSource;
  readonly #logger: Logger;
  #examination: Examination | undefined;
  #judgement: Judgement | undefined;
  #early: EarlyJudgement | undefined;
  #isArriving = false;

  constructor(service: Service, message: Message, source: MessageSource, logger: Logger) {
    this.#service = service;
    this.#message = message;
    this.#source = source;
    this.#logger = logger;
  }

  /** At once; undefined: it needs more. */
  decide(preview: Buffer | undefined): Outcome | undefined {
    try {
      const decision = this.#examined.decide(preview);
      return decision === NEEDS_MORE ? undefined : decision;
    } catch (error) {
      return this.unexpected(error);
    }
  }

  /** Somebody may decide on the preview, though not at once. */
  get screens(): boolean {
    return this.#examination?.screens === true;
  }

  /** What they say, while the client waits; undefined: all of the body is needed. */
  screen(preview: Buffer): Promise<Outcome | undefined> {
    return this.#run(async (signal) => {
      const decision = await this.#examined.screen?.(preview, signal);
      return decision === NEEDS_MORE ? undefined : decision;
    });
  }

  /**
   * So much of the body is here: what may begin before its end begins, once. Resolves with an outcome
   * that the rest cannot change, if that comes while it is still open; never, otherwise.
   */
  arrive(spool: Spool, isOpen: () => boolean): Promise<Outcome> | undefined {
    if (this.#isArriving || spool.failure !== undefined) return undefined;
    this.#isArriving = true;
    try {
      this.#early = this.#examined.arrive?.(() => spool.arriving());
    } catch (error) {
      return Promise.resolve(this.unexpected(error));
    }
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    void this.#early?.decided.then((outcome) => {
      if (isOpen()) resolve(outcome);
      else releaseOutcome(outcome);
    });
    return promise;
  }

  judge(body: ReceivedBody): Promise<Outcome> {
    return this.#run((signal) => this.#examined.judge(body, signal));
  }

  /** Nobody waits any more; whatever runs is told so. Safe to call at any time. */
  cancel(): void {
    this.#judgement?.cancel();
    this.#early?.end();
  }

  unexpected(error: unknown): Outcome {
    this.#logger.error("service failed", { service: this.#service.name, err: error });
    return failedWith(icapError("ICAP_ERR_INTERNAL"), Cause.Error);
  }

  get #examined(): Examination {
    this.#examination ??= this.#service.examine(this.#message, this.#source);
    return this.#examination;
  }

  #run<T extends Outcome | undefined>(
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T | Outcome> {
    this.#judgement = new Judgement(this.#service.transactionTimeoutMs);
    return this.#judgement.run(work).catch((error: unknown) => this.unexpected(error));
  }
}

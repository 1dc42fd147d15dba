import { AppendResult, type Spool } from "../entity/index.ts";
import {
  CONTINUE,
  type HeadBytes,
  hasBody,
  type IcapError,
  type IcapRequest,
  icapError,
} from "../protocol/index.ts";
import {
  Message,
  type MessageSource,
  type Outcome,
  type ReceivedBody,
  releaseOutcome,
  type Service,
} from "../services/index.ts";
import { Cause } from "../telemetry/index.ts";
import { AnswerSender, AnswerState } from "./answer-sender.ts";
import type { ClientLink } from "./client-link.ts";
import { Consultation } from "./consultation.ts";
import { type End, EndedTransaction, endOf, failedBy } from "./ended-transaction.ts";
import type { TransactionEngine } from "./engine.ts";
import { makeIncidentId } from "./incident-id.ts";
import { carriesOriginal, type Leave, leaveOf } from "./leave.ts";
import { BodyMode, Progress } from "./message-state.ts";
import { Meter } from "./meter.ts";
import { receivedBody } from "./received-body.ts";
import { refusalOf } from "./refusal.ts";

/** Bytes read and forgotten behind an early answer before the connection is cut instead. */
const MAX_DRAINED_BYTES = 256 * 1024 * 1024;

/**
 * One request's life (docs/lifecycle.md). Driven by the parser's events in their order; over when the
 * whole message has been taken and the whole answer handed over, or when the client is gone.
 */
export class Transaction implements MessageSource {
  readonly #engine: TransactionEngine;
  readonly #link: ClientLink;
  readonly #message: Message;
  readonly #service: Service | undefined;
  readonly #sender: AnswerSender;
  readonly #meter: Meter;
  readonly #consultation: Consultation | undefined;
  #progress: Progress = Progress.Arriving;
  #mode: BodyMode = BodyMode.Drop;
  /** `100 Continue` was sent: a 204 now needs the client's leave (RFC 3507 §4.6). */
  #continued = false;
  #outcome: Outcome | undefined;
  #spool: Spool | undefined;
  #overflow: Buffer[] = [];
  #drainedBytes = 0;
  #answered = false;
  #over = false;
  #incidentId: string | undefined;

  constructor(engine: TransactionEngine, link: ClientLink, request: IcapRequest, heads: HeadBytes) {
    this.#engine = engine;
    this.#link = link;
    this.#message = Message.of(request, heads);
    this.#meter = new Meter(link, heads.end - heads.start);
    this.#service = engine.router.find(request.uri.path);
    this.#sender = new AnswerSender(engine, link, this.#message, this.#service);
    this.#consultation =
      this.#service && new Consultation(this.#service, this.#message, this, engine.logger);
    engine.metrics.transactionStarted();
    this.#begin();
  }

  get peer(): string {
    return this.#link.peer;
  }

  get incidentId(): string {
    this.#incidentId ??= makeIncidentId();
    return this.#incidentId;
  }

  /** The message is complete, or waits behind its preview, and is not answered: no parsing on. */
  get occupied(): boolean {
    return this.#progress !== Progress.Arriving && !this.#over;
  }

  onBody(bytes: Buffer, start: number, end: number): void {
    if (this.#over) return;
    this.#meter.countBody(end - start);
    switch (this.#mode) {
      case BodyMode.Drop:
        this.#drain(end - start);
        return;
      case BodyMode.Echo:
        this.#sender.add(bytes, start, end);
        return;
      case BodyMode.Keep:
        this.#keep(bytes, start, end);
        return;
      case BodyMode.Overflow:
        this.#overflow.push(Buffer.from(bytes.subarray(start, end)));
        return;
      default:
        this.#mode satisfies never;
    }
  }

  onPreviewEnd(): void {
    this.#progress = Progress.Held;
    const preview = this.#previewToDecideOn();
    if (preview !== undefined) this.#outcome = this.#consultation?.decide(preview);
    const screens = this.#outcome === undefined && this.#consultation?.screens === true;
    // The client waits for them.
    if (screens && preview !== undefined)
      this.#await(this.#consultation?.screen(Buffer.from(preview)));
    else this.#leavePreview();
  }

  #leavePreview(): void {
    if (this.#outcome !== undefined) this.#settle(this.#outcome);
    else if (this.#mode === BodyMode.Keep) this.#continue();
    else if (this.#message.icap.method === "OPTIONS") this.#endHeld(() => this.#answerOptions());
  }

  onEnd(): void {
    this.#progress = Progress.Ended;
    if (this.#answered) this.#finish();
    else if (this.#mode === BodyMode.Echo) this.#endAnswer();
    else if (this.#outcome !== undefined) this.#settle(this.#outcome);
    else if (this.#message.icap.method === "OPTIONS") this.#answerOptions();
    else if (this.#mode === BodyMode.Keep) this.#judgeKept();
  }

  /** Behind each read: what was gathered for the client goes out. */
  onReadEnd(): void {
    if (this.#mode === BodyMode.Echo) this.#sender.flush();
  }

  /** The connection is gone. Whatever runs for this transaction is told so. */
  onClientGone(cause: Cause): void {
    if (this.#over) return;
    if (this.#answered) this.#publish();
    else this.#publish(failedBy(cause));
    this.#cleanUp();
  }

  /**
   * Ends the transaction for a reason outside its service: a fault of the wire, a deadline, the
   * drain's end. An answer under way is cut, so that it cannot be taken for a whole one.
   */
  fail(error: IcapError, cause: Cause): void {
    if (this.#over) return;
    if (cause === Cause.Protocol) this.#engine.metrics.parserError(error.code);
    if (this.#answered) {
      // The client has its answer; only the rest of its message is at fault.
      this.#publish();
      this.#cleanUp();
      this.#link.transactionEnded(true);
      return;
    }
    const isEchoing = this.#mode === BodyMode.Echo;
    const canAnswer = this.#sender.status === 0 || (isEchoing && this.#sender.retract());
    if (canAnswer) this.#sender.sendError(error, "");
    this.#publish(failedBy(cause, error));
    this.#cleanUp();
    if (canAnswer) this.#link.transactionEnded(this.#sender.closes);
    else this.#link.abort();
  }

  /** Ends it for a fault of ours, such as a kept body that cannot be read. */
  breakDown(error: unknown): void {
    this.#engine.logger.error("transaction failed", { service: this.#service?.name, err: error });
    this.fail(icapError("ICAP_ERR_INTERNAL"), Cause.Error);
  }

  get #leave(): Leave {
    return leaveOf(this.#message.icap, this.#continued);
  }

  #begin(): void {
    const { icap } = this.#message;
    try {
      this.#outcome = refusalOf(icap, this.#service, this.#link.peer);
      if (this.#outcome === undefined && icap.method !== "OPTIONS") {
        this.#outcome = this.#consultation?.decide(undefined);
        if (this.#outcome === undefined) this.#mode = BodyMode.Keep;
      }
    } catch (error) {
      this.#outcome = this.#consultation?.unexpected(error);
    }
    if (this.#outcome !== undefined && hasBody(icap.encapsulated)) this.#settle(this.#outcome);
  }

  #previewToDecideOn(): Buffer | undefined {
    if (this.#outcome !== undefined || this.#mode !== BodyMode.Keep) return undefined;
    // Short of memory it is in a file already: the judgement will look at it there.
    return this.#spool === undefined ? NO_BYTES : this.#spool.memoryView;
  }

  #continue(): void {
    this.#continued = true;
    this.#progress = Progress.Arriving;
    this.#link.sendText(CONTINUE);
    if (this.#outcome !== undefined) this.#settleEarly(this.#outcome);
    this.#link.continueBody();
  }

  /** The final answer is given at the preview: the rest of the body never comes. */
  #endHeld(answer: () => void): void {
    this.#progress = Progress.Ended;
    this.#link.endMessage();
    answer();
  }

  /** The outcome is known: what can be done about it at this point of the message. */
  #settle(outcome: Outcome): void {
    if (this.#progress === Progress.Ended) this.#answer(outcome);
    else if (this.#progress === Progress.Arriving) this.#settleEarly(outcome);
    else if (carriesOriginal(outcome, this.#leave)) this.#continue();
    else this.#endHeld(() => this.#answer(outcome));
  }

  /** The body is still arriving. */
  #settleEarly(outcome: Outcome): void {
    if (outcome.kind === "unmodified" && !this.#leave.omitBody) {
      this.#answer(outcome);
    } else if (outcome.kind === "blocked" && !this.#previewRuns) {
      this.#dropRest();
      this.#answer(outcome);
    } else if (carriesOriginal(outcome, this.#leave)) {
      this.#gatherFor(outcome);
    } else {
      this.#dropRest();
    }
  }

  /** A client that announced a preview reads nothing before its end. */
  get #previewRuns(): boolean {
    return this.#message.icap.previewBytes >= 0 && !this.#continued;
  }

  /** An answer that is known needs all of the body: it is kept while there is room, then sent on. */
  #gatherFor(outcome: Outcome): void {
    if (this.#mode !== BodyMode.Overflow) this.#mode = BodyMode.Keep;
    else if (this.#previewRuns) this.#link.resumeReading();
    else this.#answer(outcome);
  }

  #dropRest(): void {
    const paused = this.#mode === BodyMode.Overflow;
    this.#mode = BodyMode.Drop;
    this.#overflow = [];
    if (paused) this.#link.resumeReading();
  }

  #drain(bytes: number): void {
    if (this.#answered) this.#drainedBytes += bytes;
    if (this.#drainedBytes > MAX_DRAINED_BYTES) this.#link.abort();
  }

  #keep(bytes: Buffer, start: number, end: number): void {
    const spool = this.#openSpool();
    const result = spool.append(bytes, start, end);
    if (spool.size >= this.#engine.overlapBytes && !this.#previewRuns) this.#offer(spool);
    if (result === AppendResult.More) return;
    this.#link.pauseReading();
    if (result === AppendResult.Pause) return;
    this.#mode = BodyMode.Overflow;
    this.#overflow.push(Buffer.from(bytes.subarray(start, end)));
    if (this.#outcome !== undefined) this.#gatherFor(this.#outcome);
    else if (spool.failure !== undefined) this.#judge({ kind: "failed", failure: spool.failure });
  }

  /** Scans may begin. What they decide counts until all is here: then `judge` comes to the same. */
  #offer(spool: Spool): void {
    const isOpen = () => this.#progress === Progress.Arriving && this.#outcome === undefined;
    if (isOpen()) this.#await(this.#consultation?.arrive(spool, isOpen));
  }

  #openSpool(): Spool {
    if (this.#spool === undefined) {
      this.#spool = this.#engine.spools.create((this.#service as Service).maxEntityBytes);
      this.#spool.onDrain = () => {
        // What overflows is held back until it is known what becomes of it.
        if (this.#mode !== BodyMode.Overflow) this.#link.resumeReading();
      };
    }
    return this.#spool;
  }

  #judgeKept(): void {
    if (!hasBody(this.#message.icap.encapsulated)) {
      this.#judge({ kind: "none" });
      return;
    }
    const body = receivedBody(this.#openSpool());
    if (body instanceof Promise) void body.then((kept) => this.#judge(kept));
    else this.#judge(body);
  }

  #judge(body: ReceivedBody): void {
    if (this.#over) return;
    this.#await(this.#consultation?.judge(body));
  }

  #await(asked: Promise<Outcome | undefined> | undefined): void {
    asked
      ?.then((outcome) => this.#decided(outcome))
      .catch((error: unknown) => this.breakDown(error));
  }

  #decided(outcome: Outcome | undefined): void {
    if (this.#over) releaseOutcome(outcome);
    else if (outcome === undefined) this.#leavePreview();
    else {
      this.#outcome = outcome;
      this.#settle(outcome);
    }
  }

  #answerOptions(): void {
    this.#sender.sendOptions(this.#service as Service);
    this.#answered = true;
    this.#finish();
  }

  #answer(outcome: Outcome): void {
    const spool = this.#spool;
    const state = this.#sender.send(outcome, this.#leave, {
      kept: spool === undefined ? undefined : () => spool.replay(),
      pieces: this.#overflow,
    });
    if (typeof state === "string") {
      this.#sent(state);
      return;
    }
    state.then((settled) => this.#sent(settled)).catch((error: unknown) => this.breakDown(error));
  }

  #sent(state: AnswerState): void {
    // Sending ends early when the client is gone, which is told in its own time.
    if (this.#over || this.#link.gone) return;
    if (state === AnswerState.Open) {
      const paused = this.#mode === BodyMode.Overflow;
      this.#mode = BodyMode.Echo;
      this.#overflow = [];
      if (this.#progress === Progress.Ended) this.#endAnswer();
      else if (paused) this.#link.resumeReading();
      return;
    }
    this.#answered = true;
    if (this.#progress === Progress.Ended) this.#finish();
  }

  #endAnswer(): void {
    this.#sender.end();
    this.#answered = true;
    this.#finish();
  }

  #finish(): void {
    if (this.#over) return;
    this.#publish();
    this.#cleanUp();
    this.#link.transactionEnded(this.#sender.closes);
  }

  #publish(end: End = endOf(this.#outcome)): void {
    this.#over = true;
    const { icap } = this.#message;
    this.#engine.metrics.transactionEnded();
    this.#engine.publish(
      new EndedTransaction(
        {
          incidentId: this.#incidentId,
          peer: this.#link.peer,
          service: this.#service,
          message: this.#message,
          report: this.#outcome?.report,
          icapStatus: this.#sender.status,
          entitySize: hasBody(icap.encapsulated) ? this.#meter.bodyBytes : undefined,
        },
        end,
        this.#meter,
      ),
    );
  }

  #cleanUp(): void {
    this.#consultation?.cancel();
    this.#overflow = [];
    releaseOutcome(this.#outcome);
    // A clean verdict means that every scan has settled or retains what it reads.
    const unread = this.#outcome?.report.cause === Cause.Clean && !this.#link.clogged;
    this.#spool?.[unread ? "recycle" : "dispose"]();
  }
}

const NO_BYTES = Buffer.alloc(0);

import { type EntityContent, readContent } from "../entity/index.ts";
import {
  encapsulatedValue,
  hasBody,
  type IcapError,
  NULL_BODY,
  type Status,
  useOriginalBody,
} from "../protocol/index.ts";
import type {
  HttpReplacement,
  Message,
  Outcome,
  OutcomeReport,
  ReplacedContent,
  Service,
} from "../services/index.ts";
import { ChunkWriter } from "./chunk-writer.ts";
import type { ClientLink } from "./client-link.ts";
import type { TransactionEngine } from "./engine.ts";
import type { Leave } from "./leave.ts";
import { pump } from "./pump.ts";

/** How far an answer is once `send` is done with it. */
export const AnswerState = {
  /** All of it was handed over. */
  Complete: "complete",
  /** The body of the message follows: what still comes from the client goes to `add`, then `end`. */
  Open: "open",
} as const;
export type AnswerState = (typeof AnswerState)[keyof typeof AnswerState];

/** The bytes of the message's body that are in hand: kept ones first, then pieces behind them. */
export interface BodyInHand {
  readonly kept: (() => AsyncIterable<Buffer>) | undefined;
  readonly pieces: readonly Buffer[];
}

type Modified = Extract<Outcome, { kind: "modified" }>;

/** Turns an outcome into the bytes of an answer, in the form that the client's leave allows. */
export class AnswerSender {
  readonly #engine: TransactionEngine;
  readonly #link: ClientLink;
  readonly #message: Message;
  readonly #service: Service | undefined;
  #status: Status | 0 = 0;
  #closes = false;
  #writer: ChunkWriter | undefined;

  constructor(
    engine: TransactionEngine,
    link: ClientLink,
    message: Message,
    service: Service | undefined,
  ) {
    this.#engine = engine;
    this.#link = link;
    this.#message = message;
    this.#service = service;
  }

  /** Status of the answer whose head has been sent; 0 before. */
  get status(): Status | 0 {
    return this.#status;
  }

  /** The answer announces the end of the connection. */
  get closes(): boolean {
    return this.#closes;
  }

  sendOptions(service: Service): void {
    this.#sendHead(200, service.optionsFields, NULL_BODY);
  }

  sendError(error: IcapError, fields: string): void {
    this.#closes = error.closes;
    this.#sendHead(error.status, fields, NULL_BODY);
  }

  /** Sends the answer, or its beginning. A promise when it depends on the disk or a slow client. */
  send(outcome: Outcome, leave: Leave, body: BodyInHand): AnswerState | Promise<AnswerState> {
    switch (outcome.kind) {
      case "unmodified":
        return this.#unmodified(outcome.report, leave, body);
      case "blocked":
        return this.#replace(outcome.replacement, outcome.report);
      case "modified":
        return this.#modified(outcome, leave, body);
      case "failed":
        if (!("code" in outcome.answer)) return this.#replace(outcome.answer, outcome.report);
        this.sendError(outcome.answer, outcome.report.fields);
        return AnswerState.Complete;
      default:
        return outcome satisfies never;
    }
  }

  /** More of the body, behind an `Open` answer; `bytes` may be reused once this returns. */
  add(bytes: Buffer, start: number, end: number): void {
    this.#writer?.add(bytes, start, end);
  }

  /** Sends what was added; to be called before the event loop goes on. */
  flush(): void {
    this.#writer?.flush();
  }

  /** Takes back an `Open` answer of which nothing has left yet; false: it is too late. */
  retract(): boolean {
    if (this.#writer?.hasSent !== false) return false;
    this.#writer = undefined;
    this.#status = 0;
    return true;
  }

  /** Ends the body of an `Open` answer. */
  end(): void {
    this.#writer?.end();
  }

  #unmodified(
    report: OutcomeReport,
    leave: Leave,
    body: BodyInHand,
  ): AnswerState | Promise<AnswerState> {
    if (!leave.omitBody) return this.#echo(report, body);
    const service = this.#service as Service;
    this.#closes = this.#announcesClose;
    if (!this.#closes && report.fields === service.unmodifiedFields) {
      this.#status = 204;
      this.#link.sendText(this.#engine.answers.noContent(service));
    } else {
      this.#sendHead(204, report.fields, NULL_BODY);
    }
    return AnswerState.Complete;
  }

  /** `200` with the message itself, its head byte for byte (RFC 3507 §4.6: identical). */
  #echo(report: OutcomeReport, body: BodyInHand): AnswerState | Promise<AnswerState> {
    const hasOne = hasBody(this.#message.icap.encapsulated);
    const head = this.#carryingHead(200, report.fields, {
      head: this.#message.ownHeadText,
      hasBody: hasOne,
    });
    if (hasOne) return this.#carry(head, body);
    this.#link.sendText(head);
    return AnswerState.Complete;
  }

  #replace(replacement: HttpReplacement, report: OutcomeReport): AnswerState {
    this.#status = 200;
    this.#closes = this.#announcesClose;
    const rest = { closes: this.#closes, fields: report.fields };
    const { answers } = this.#engine;
    this.#link.sendBytes(answers.replacement(this.#service as Service, replacement, rest));
    return AnswerState.Complete;
  }

  #modified(
    outcome: Modified,
    leave: Leave,
    inHand: BodyInHand,
  ): AnswerState | Promise<AnswerState> {
    const { body } = outcome;
    const partial = body.kind === "original" && leave.referToOriginal;
    const head = this.#carryingHead(partial ? 206 : 200, outcome.report.fields, {
      head: outcome.head,
      hasBody: body.kind !== "none",
    });
    if (body.kind === "none") {
      this.#link.sendText(head);
      return AnswerState.Complete;
    }
    if (body.kind === "replaced") return this.#sendReplaced(head, body.content);
    if (!partial) return this.#carry(head, inHand, body);
    const writer = this.#open(head);
    writer.add(body.prefix, 0, body.prefix.length);
    writer.end(useOriginalBody(body.offset));
    return AnswerState.Complete;
  }

  async #sendReplaced(head: string, { pieces }: ReplacedContent): Promise<AnswerState> {
    const writer = this.#open(head);
    await pump(bytesOf(pieces), writer, this.#link);
    writer.end();
    return AnswerState.Complete;
  }

  /** Behind the head: a prefix, the original's bytes in hand without its first `offset`, the rest. */
  #carry(
    head: string,
    body: BodyInHand,
    change: { prefix: Buffer; offset: number } = UNCHANGED,
  ): AnswerState | Promise<AnswerState> {
    const writer = this.#open(head);
    if (change.prefix.length > 0) {
      writer.add(change.prefix, 0, change.prefix.length);
      // What comes behind it may come in another turn, when the scratch buffer is another's.
      writer.flush();
    }
    if (body.kept === undefined) return AnswerState.Open;
    return this.#carryKept(writer, body, change.offset);
  }

  async #carryKept(writer: ChunkWriter, body: BodyInHand, offset: number): Promise<AnswerState> {
    await pump(bytesInHand(body), writer, this.#link, offset);
    return AnswerState.Open;
  }

  #open(head: string): ChunkWriter {
    this.#writer = new ChunkWriter(this.#link, this.#engine.scratch);
    this.#writer.begin(head);
    return this.#writer;
  }

  /** Head of an answer that carries an HTTP message, with that message's own head. */
  #carryingHead(
    status: 200 | 206,
    fields: string,
    http: { head: string; hasBody: boolean },
  ): string {
    this.#status = status;
    this.#closes = this.#announcesClose;
    const part = this.#message.icap.method === "REQMOD" ? "req" : "res";
    const encapsulated = encapsulatedValue(part, http.head.length, http.hasBody);
    const rest = { closes: this.#closes, fields, encapsulated };
    return this.#engine.answers.head(status, this.#service, rest) + http.head;
  }

  #sendHead(status: Status, fields: string, encapsulated: string): void {
    this.#status = status;
    this.#closes ||= this.#announcesClose;
    const rest = { closes: this.#closes, fields, encapsulated };
    this.#link.sendText(this.#engine.answers.head(status, this.#service, rest));
  }

  get #announcesClose(): boolean {
    return this.#message.icap.closes || this.#link.closesNext;
  }
}

async function* bytesInHand({ kept, pieces }: BodyInHand): AsyncGenerator<Buffer> {
  if (kept !== undefined) yield* kept();
  // The read under way may have added to the pieces: they are taken as they stand by now.
  yield* pieces;
}

async function* bytesOf(pieces: readonly EntityContent[]): AsyncGenerator<Buffer> {
  for (const piece of pieces) yield* readContent(piece, { reusesBuffer: true });
}

const UNCHANGED = { prefix: Buffer.alloc(0), offset: 0 };

import {
  answerHead,
  chunkSizeLine,
  encapsulatedValue,
  type IcapError,
  LAST_CHUNK,
  NULL_BODY,
  type Status,
} from "../protocol/index.ts";
import type { HttpReplacement, Message, Service } from "../services/index.ts";
import type { HttpDate } from "./http-date.ts";

/** ISTag of answers that no service gives: 404, 400 and the like (RFC 3507 §4.7: every answer). */
const NO_SERVICE_ISTAG = '"SLUICE"';

/** Puts answers into words. The one that nearly all transactions end in is kept ready. */
export class Answers {
  readonly #date: HttpDate;
  readonly #unmodified = new WeakMap<Service, { date: string; istag: string; text: string }>();

  constructor(date: HttpDate) {
    this.#date = date;
  }

  /** `204` of a service with its ordinary fields, on a connection that stays. */
  noContent(service: Service): string {
    const date = this.#date.text;
    const kept = this.#unmodified.get(service);
    if (kept !== undefined && kept.date === date && kept.istag === service.istag) return kept.text;
    const { istag } = service;
    const text = this.head(204, service, {
      closes: false,
      fields: service.unmodifiedFields,
      encapsulated: NULL_BODY,
    });
    this.#unmodified.set(service, { date, istag, text });
    return text;
  }

  head(
    status: Status,
    service: Service | undefined,
    rest: { closes: boolean; fields: string; encapsulated: string },
  ): string {
    const istag = service?.istag ?? NO_SERVICE_ISTAG;
    return answerHead(status, { istag, date: this.#date.text, ...rest });
  }

  /** The answer to an error: no body, and never HTML outside the encapsulation (RFC 3507 §4.3.3). */
  error(error: IcapError, service: Service | undefined, closes: boolean, fields = ""): string {
    return this.head(error.status, service, { closes, fields, encapsulated: NULL_BODY });
  }

  /** Head of a `200` that carries the message itself, up to its first chunk. */
  echoHead(
    service: Service,
    message: Message,
    rest: { closes: boolean; fields: string; hasBody: boolean },
  ): string {
    const { closes, fields, hasBody } = rest;
    const part = message.icap.method === "REQMOD" ? "req" : "res";
    const own = message.ownHeadText;
    const encapsulated = encapsulatedValue(part, own.length, hasBody);
    return this.head(200, service, { closes, fields, encapsulated }) + own;
  }

  /** A whole `200` with an HTTP response in place of the client's message. */
  replacement(
    service: Service,
    replacement: HttpReplacement,
    rest: { closes: boolean; fields: string },
  ): Buffer {
    const { head, body } = replacement;
    const encapsulated = encapsulatedValue("res", head.length, body !== undefined);
    const start = this.head(200, service, { ...rest, encapsulated }) + head;
    if (body === undefined) return Buffer.from(start, "latin1");
    if (body.length === 0) return Buffer.from(start + LAST_CHUNK, "latin1");
    return Buffer.concat([
      Buffer.from(start + chunkSizeLine(body.length), "latin1"),
      body,
      Buffer.from(`\r\n${LAST_CHUNK}`, "latin1"),
    ]);
  }
}

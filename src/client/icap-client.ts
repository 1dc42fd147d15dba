import { type Fields, fieldValue, fieldValues, listHas, Method } from "../protocol/index.ts";
import type { BodySource } from "./body-reader.ts";
import { type ConnectionOptions, IcapConnection, type OutgoingRequest } from "./connection.ts";
import type { BodyListener, IcapAnswer } from "./exchange.ts";
import { requestHead } from "./request-head.ts";

export interface IcapClientOptions extends ConnectionOptions {
  readonly userAgent: string;
}

/** An HTTP message to be adapted. */
export interface HttpMessage {
  /** HTTP request head with its blank line. */
  readonly requestHead?: string;
  /** HTTP response head with its blank line; only for RESPMOD. */
  readonly responseHead?: string;
  readonly body?: BodySource | undefined;
  /** Sends so much first and waits; undefined sends all at once. */
  readonly previewBytes?: number | undefined;
  /** Whether 204 is welcome after the preview too; default true. */
  readonly allow204?: boolean;
  /** Further ICAP fields: `[name, value, …]`. */
  readonly fields?: Fields;
  readonly onBody?: BodyListener | undefined;
  /** Aborted: the request ends with an `IcapClientError`, and its connection with it. */
  readonly signal?: AbortSignal | undefined;
}

/** What a service says of itself (RFC 3507 §4.10.2). */
export interface ServiceFacts {
  readonly status: number;
  readonly reason: string;
  readonly fields: Fields;
  readonly methods: readonly string[];
  readonly istag: string | undefined;
  readonly service: string | undefined;
  /** Bytes it wants as preview; undefined when it wants none. */
  readonly previewBytes: number | undefined;
  readonly maxConnections: number | undefined;
  readonly optionsTtlSeconds: number | undefined;
  readonly allows204: boolean;
}

/**
 * An ICAP client for one service: keeps one connection for requests one after the other, and opens
 * a new one when the server has closed it. Failures are `IcapClientError`s.
 *
 * @example
 * const client = new IcapClient({ url, connectTimeoutMs: 5000, idleTimeoutMs: 60_000, userAgent: "x" });
 * const answer = await client.respmod({ responseHead, body: createReadStream(path), previewBytes: 1024 });
 * client.close();
 */
export class IcapClient {
  readonly #options: IcapClientOptions;
  #connection: IcapConnection | undefined;

  constructor(options: IcapClientOptions) {
    this.#options = options;
  }

  /** `fields` and `signal` as in a message. */
  async options(asked: Pick<HttpMessage, "fields" | "signal"> = {}): Promise<ServiceFacts> {
    const { fields = [], signal } = asked;
    const head = this.#head(Method.Options, { allow204: false, fields });
    const answer = await this.#exchange({ head, signal });
    return serviceFacts(answer);
  }

  reqmod(message: HttpMessage): Promise<IcapAnswer> {
    return this.#adapt(Method.Reqmod, message);
  }

  respmod(message: HttpMessage): Promise<IcapAnswer> {
    return this.#adapt(Method.Respmod, message);
  }

  close(): void {
    this.#connection?.close();
  }

  #adapt(method: Method, message: HttpMessage): Promise<IcapAnswer> {
    const { body, previewBytes, onBody, signal } = message;
    const head = this.#head(method, message);
    return this.#exchange({ head, body, previewBytes, onBody, signal });
  }

  #head(method: Method, message: HttpMessage): string {
    const { url, userAgent } = this.#options;
    const { fields = [], previewBytes, allow204 = true } = message;
    return requestHead(
      { method, url, userAgent, fields, previewBytes, allow204 },
      { ...message, hasBody: message.body !== undefined },
    );
  }

  async #exchange(request: OutgoingRequest): Promise<IcapAnswer> {
    if (this.#connection === undefined || !this.#connection.isOpen) {
      this.#connection = await IcapConnection.open(this.#options, request.signal);
    }
    return await this.#connection.exchange(request);
  }
}

function serviceFacts({ status, reason, fields }: IcapAnswer): ServiceFacts {
  const number = (name: string): number | undefined => {
    const value = fieldValue(fields, name);
    return value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : undefined;
  };
  const methods = fieldValues(fields, "methods").flatMap((list) => list.split(","));
  return {
    status,
    reason,
    fields,
    methods: methods.map((method) => method.trim()).filter((method) => method !== ""),
    istag: fieldValue(fields, "istag"),
    service: fieldValue(fields, "service"),
    previewBytes: number("preview"),
    maxConnections: number("max-connections"),
    optionsTtlSeconds: number("options-ttl"),
    allows204: fieldValues(fields, "allow").some((list) => listHas(list, "204")),
  };
}

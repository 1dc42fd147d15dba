import {
  type Fields,
  fieldValue,
  type HeadBytes,
  type HttpHead,
  type HttpRequestLine,
  type HttpStatusLine,
  type IcapRequest,
  parseHttpHead,
  parseRequestLine,
  parseStatusLine,
} from "../protocol/index.ts";

/**
 * The encapsulated HTTP message: its heads as they came, byte for byte (latin1), and what they say,
 * worked out when somebody asks.
 */
export class Message {
  readonly icap: IcapRequest;
  /** Empty when the client sent none. */
  readonly requestHeadText: string;
  /** Empty when the client sent none, and always for REQMOD. */
  readonly responseHeadText: string;
  #request: HttpHead | undefined;
  #response: HttpHead | undefined;
  // null: not looked at yet.
  #requestLine: HttpRequestLine | undefined | null = null;
  #url: string | undefined | null = null;

  constructor(icap: IcapRequest, requestHeadText: string, responseHeadText: string) {
    this.icap = icap;
    this.requestHeadText = requestHeadText;
    this.responseHeadText = responseHeadText;
  }

  /** Copies the heads out of the bytes they came in. */
  static of(icap: IcapRequest, { bytes, start, middle, end }: HeadBytes): Message {
    return new Message(
      icap,
      middle > start ? bytes.toString("latin1", start, middle) : "",
      end > middle ? bytes.toString("latin1", middle, end) : "",
    );
  }

  /** The head that travels on when the message is passed: the request's or the response's. */
  get ownHeadText(): string {
    return this.icap.method === "REQMOD" ? this.requestHeadText : this.responseHeadText;
  }

  get request(): HttpHead {
    this.#request ??= parseHttpHead(this.requestHeadText);
    return this.#request;
  }

  get response(): HttpHead {
    this.#response ??= parseHttpHead(this.responseHeadText);
    return this.#response;
  }

  /** The fields that describe the entity: of the response in RESPMOD, of the request in REQMOD. */
  get entityFields(): Fields {
    return this.icap.method === "REQMOD" ? this.request.fields : this.response.fields;
  }

  /** Undefined when there is no request head, or its first line is no request line. */
  get requestLine(): HttpRequestLine | undefined {
    if (this.#requestLine === null) {
      const isThere = this.requestHeadText !== "";
      this.#requestLine = isThere ? parseRequestLine(this.request.startLine) : undefined;
    }
    return this.#requestLine;
  }

  get statusLine(): HttpStatusLine | undefined {
    return this.responseHeadText === "" ? undefined : parseStatusLine(this.response.startLine);
  }

  /** Absolute URL of the request, without user information: from absolute form, or with its Host. */
  get url(): string | undefined {
    if (this.#url === null) this.#url = this.#makeUrl();
    return this.#url;
  }

  #makeUrl(): string | undefined {
    const line = this.requestLine;
    if (line === undefined) return undefined;
    const { method, target } = line;
    if (method === "CONNECT") return `https://${withoutUserInfo(target)}/`;
    const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(target)?.[0];
    if (scheme !== undefined) return scheme + withoutUserInfo(target.slice(scheme.length));
    const host = fieldValue(this.request.fields, "host");
    if (host === undefined) return undefined;
    return target.startsWith("/") ? `http://${host}${target}` : `http://${host}/`;
  }

  /** Host name of the URL, lower case, without its port. */
  get host(): string | undefined {
    const authority = /^[^:]+:\/\/([^/?#]*)/.exec(this.url ?? "")?.[1];
    if (authority === undefined || authority === "") return undefined;
    return authority.replace(/:[0-9]*$/, "").toLowerCase();
  }
}

/** Credentials in a URL are nobody's business here (bar: no secret in a log or on a page). */
function withoutUserInfo(rest: string): string {
  const end = rest.search(/[/?#]/);
  const authority = end < 0 ? rest : rest.slice(0, end);
  const at = authority.lastIndexOf("@");
  return at < 0 ? rest : rest.slice(at + 1);
}

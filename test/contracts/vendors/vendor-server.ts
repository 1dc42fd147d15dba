import { once } from "node:events";
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";

export interface VendorRequest {
  /** `GET /v1/info`: without the query. */
  readonly call: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** How often it was called before. */
  readonly calledBefore: number;
  /** Base URL of the server, for answers that name one. */
  readonly base: string;
}

export interface VendorReply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON unless it is text or bytes. */
  readonly body?: unknown;
}

/** What a vendor's server does with a request; throws a reply to refuse it. */
export type Behaviour = (request: VendorRequest) => VendorReply;

/** A vendor's HTTP API as its description has it. It takes no body without a Content-Length. */
export class VendorServer implements AsyncDisposable {
  readonly requests: VendorRequest[] = [];
  readonly #behaviour: Behaviour;
  readonly #server: Server;

  private constructor(behaviour: Behaviour) {
    this.#behaviour = behaviour;
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  static async start(behaviour: Behaviour): Promise<VendorServer> {
    const vendor = new VendorServer(behaviour);
    vendor.#server.listen(0, "127.0.0.1");
    await once(vendor.#server, "listening");
    return vendor;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The calls so far, in order. */
  get calls(): string[] {
    return this.requests.map(({ call }) => call);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  async #serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    for await (const piece of message) pieces.push(piece as Buffer);
    const { pathname, searchParams: query } = new URL(message.url ?? "/", this.url);
    const call = `${message.method} ${pathname}`;
    const calledBefore = this.calls.filter((other) => other === call).length;
    const { headers } = message;
    const body = Buffer.concat(pieces);
    const request = { call, query, headers, body, calledBefore, base: this.url };
    this.requests.push(request);
    answer(response, headers["transfer-encoding"] ? LENGTH_REQUIRED : this.#reply(request));
  }

  #reply(request: VendorRequest): VendorReply {
    try {
      return this.#behaviour(request);
    } catch (reply) {
      if (reply instanceof Error) return { status: 599, body: reply.stack };
      return reply as VendorReply;
    }
  }
}

const LENGTH_REQUIRED: VendorReply = {
  status: 411,
  body: { err: "Missing Content-Length header." },
};

function answer(response: ServerResponse, { status = 200, headers = {}, body }: VendorReply): void {
  const isRaw = typeof body === "string" || Buffer.isBuffer(body) || body === undefined;
  const type = isRaw ? "text/plain" : "application/json";
  response.writeHead(status, { "content-type": type, ...headers });
  response.end(isRaw ? body : JSON.stringify(body));
}

export interface FormPart {
  readonly name: string;
  readonly fileName: string | undefined;
  readonly content: string;
}

/**
 * The parts of a multipart/form-data body, read as strictly as the servers of some vendors do: names
 * in quotes, plain ASCII, no `filename*`. Throws a 400 otherwise.
 */
export function formParts({ headers, body }: VendorRequest): FormPart[] {
  const boundary = /^multipart\/form-data; boundary="?([^";]+)"?$/.exec(
    headers["content-type"] ?? "",
  )?.[1];
  if (boundary === undefined) throw badRequest("not multipart/form-data");
  const [first, ...rest] = `\r\n${body.toString("latin1")}`.split(`\r\n--${boundary}`);
  if (first !== "" || rest.pop() !== "--\r\n") throw badRequest("broken multipart");
  return rest.map(formPart);
}

function formPart(text: string): FormPart {
  const end = text.indexOf("\r\n\r\n");
  const disposition = /\r\nContent-Disposition: form-data; ([^\r]*)/i.exec(text.slice(0, end))?.[1];
  const named = /^name="([ -!#-~]*)"(?:; filename="((?:[ -!#-~]|\\")*)")?$/.exec(disposition ?? "");
  if (named === null) throw badRequest(`Content-Disposition: ${disposition}`);
  const [, name = "", fileName] = named;
  return { name, fileName, content: text.slice(end + 4) };
}

/** The content of the one file in a form, under the field that the vendor wants. */
export function fileIn(request: VendorRequest, field: string): string {
  const files = formParts(request).filter(({ fileName }) => fileName !== undefined);
  const [file] = files;
  if (files.length !== 1 || file?.name !== field) throw badRequest(`no file in field ${field}`);
  return file.content;
}

export const badRequest = (why: string): VendorReply => ({ status: 400, body: { error: why } });

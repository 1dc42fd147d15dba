import { detectType, fileNameOfDisposition, fileNameOfUrl } from "../../entity/index.ts";
import { type Fields, fieldValue } from "../../protocol/index.ts";
import type { Message } from "../message.ts";
import type {
  ClientFacts,
  EntityFacts,
  HeaderFacts,
  RequestFacts,
  ResponseFacts,
  RuleFacts,
  ServiceFacts,
} from "../rules/index.ts";
import { decodeIdentity } from "./identity.ts";
import { typesDisagree } from "./type-mismatch.ts";

/** What is known of an entity when rules are asked. */
export interface KnownEntity {
  /** Media type that the first bytes show. */
  readonly detectedType: string | undefined;
  readonly declaredType: string | undefined;
  readonly fileName: string | undefined;
  /** -1 when not known yet. */
  readonly size: number;
}

/** The entity of a message as its heads and the first bytes of its body show it. */
export function entityFromHeads(message: Message, firstBytes: Buffer | undefined): KnownEntity {
  const fields = message.entityFields;
  const disposition = fieldValue(fields, "content-disposition");
  const { url } = message;
  const length = fieldValue(fields, "content-length");
  return {
    detectedType: firstBytes === undefined ? undefined : detectType(firstBytes),
    declaredType: fieldValue(fields, "content-type")?.split(";", 1)[0]?.trim().toLowerCase(),
    fileName:
      (disposition === undefined ? undefined : fileNameOfDisposition(disposition)) ??
      (url === undefined || message.icap.method === "REQMOD" ? undefined : fileNameOfUrl(url)),
    size: length !== undefined && /^[0-9]{1,15}$/.test(length) ? Number(length) : -1,
  };
}

/** A message as rules see it; each fact is worked out when a rule reads it. */
export class MessageFacts implements RuleFacts {
  readonly entity: EntityFacts;
  readonly service: ServiceFacts;
  readonly #message: Message;
  readonly #peer: string;
  #request: RequestFacts | undefined;
  #response: ResponseFacts | undefined;
  #client: ClientFacts | undefined;
  #now: Date | undefined;

  constructor(
    message: Message,
    source: { peer: string; service: ServiceFacts; entity: KnownEntity },
  ) {
    this.#message = message;
    this.#peer = source.peer;
    this.service = source.service;
    this.entity = new KnownEntityFacts(source.entity);
  }

  get request(): RequestFacts {
    this.#request ??= new MessageRequestFacts(this.#message);
    return this.#request;
  }

  get response(): ResponseFacts {
    this.#response ??= new MessageResponseFacts(this.#message);
    return this.#response;
  }

  get client(): ClientFacts {
    this.#client ??= this.#makeClient();
    return this.#client;
  }

  get now(): Date {
    this.#now ??= new Date();
    return this.#now;
  }

  #makeClient(): ClientFacts {
    const identity = decodeIdentity(this.#message.icap.fields);
    return {
      ip: identity.clientIp ?? "",
      user: identity.user?.name ?? "",
      groups: identity.groups,
      peer: this.#peer,
    };
  }
}

class KnownEntityFacts implements EntityFacts {
  readonly #known: KnownEntity;

  constructor(known: KnownEntity) {
    this.#known = known;
  }

  get type(): string {
    return this.#known.detectedType ?? "";
  }

  get declaredType(): string {
    return this.#known.declaredType ?? "";
  }

  get typeMismatch(): boolean {
    return typesDisagree(this.#known.detectedType, this.#known.declaredType);
  }

  get size(): number {
    return this.#known.size;
  }

  get fileName(): string {
    return this.#known.fileName ?? "";
  }

  get extension(): string {
    return extensionOf(this.fileName);
  }
}

class MessageRequestFacts implements RequestFacts {
  readonly #message: Message;
  readonly #url: URL | undefined;
  #headers: HeaderFacts | undefined;

  constructor(message: Message) {
    this.#message = message;
    this.#url = URL.parse(message.url ?? "") ?? undefined;
  }

  get method(): string {
    return this.#message.requestLine?.method ?? "";
  }

  get url(): string {
    return this.#message.url ?? "";
  }

  get scheme(): string {
    return this.#url?.protocol.slice(0, -1) ?? "";
  }

  get host(): string {
    return this.#message.host?.replace(/\.$/, "") ?? "";
  }

  get port(): number {
    const url = this.#url;
    if (url === undefined) return 0;
    return url.port === "" ? (DEFAULT_PORTS.get(url.protocol) ?? 0) : Number(url.port);
  }

  get path(): string {
    return this.#url?.pathname ?? "";
  }

  get query(): string {
    return this.#url?.search.slice(1) ?? "";
  }

  get extension(): string {
    return extensionOf(this.path);
  }

  get version(): string {
    return this.#message.requestLine?.version ?? "";
  }

  get headers(): HeaderFacts {
    this.#headers ??= headerFacts(this.#message.request.fields);
    return this.#headers;
  }
}

class MessageResponseFacts implements ResponseFacts {
  readonly #message: Message;
  #headers: HeaderFacts | undefined;

  constructor(message: Message) {
    this.#message = message;
  }

  get status(): number {
    return this.#message.statusLine?.status ?? 0;
  }

  get version(): string {
    return this.#message.statusLine?.version ?? "";
  }

  get headers(): HeaderFacts {
    this.#headers ??= headerFacts(this.#message.response.fields);
    return this.#headers;
  }
}

const DEFAULT_PORTS: ReadonlyMap<string, number> = new Map([
  ["http:", 80],
  ["https:", 443],
  ["ftp:", 21],
]);

function headerFacts(fields: Fields): HeaderFacts {
  const headers = new Map<string, string>();
  for (let i = 0; i < fields.length; i += 2) {
    const name = (fields[i] as string).toLowerCase();
    const value = fields[i + 1] as string;
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return headers;
}

/** Lower-case letters behind the last dot of the last path segment; empty without one. */
function extensionOf(path: string): string {
  const name = path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
  const dot = name.lastIndexOf(".");
  return dot <= 0 ? "" : name.slice(dot + 1).toLowerCase();
}

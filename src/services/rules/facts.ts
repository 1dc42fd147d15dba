/**
 * What rules may ask about one message. The transaction implements it with getters: a rule set
 * reads only what its rules name, each value at most a few times, and keeps nothing.
 * What is not there is an empty text, list or map, 0, or -1 where a field says so; a getter never
 * throws and never waits.
 */
export interface RuleFacts {
  readonly request: RequestFacts;
  readonly response: ResponseFacts;
  readonly client: ClientFacts;
  readonly entity: EntityFacts;
  readonly service: ServiceFacts;
  /** The time of the decision. */
  readonly now: Date;
}

/** Header fields by lower-case name; a field that came more than once is joined with `, `. */
export type HeaderFacts = ReadonlyMap<string, string>;

/** The HTTP request: of a RESPMOD too, where the client sent it along. */
export interface RequestFacts {
  readonly method: string;
  /** Absolute URL as far as it is known. */
  readonly url: string;
  /** Lower case, e.g. `https`. */
  readonly scheme: string;
  /** Lower case, without port and without a final dot. */
  readonly host: string;
  /** 0 when not known. */
  readonly port: number;
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
  /** Lower-case extension of the last path segment, without the dot. */
  readonly extension: string;
  /** E.g. `HTTP/1.1`. */
  readonly version: string;
  readonly headers: HeaderFacts;
}

/** The HTTP response of a RESPMOD. */
export interface ResponseFacts {
  /** 0 in REQMOD. */
  readonly status: number;
  readonly version: string;
  readonly headers: HeaderFacts;
}

/** Who is behind the message, as the ICAP client tells it. */
export interface ClientFacts {
  /** Address of the end user (X-Client-IP). */
  readonly ip: string;
  /** X-Authenticated-User, decoded. */
  readonly user: string;
  /** X-Authenticated-Groups, decoded. */
  readonly groups: readonly string[];
  /** Address of the ICAP client itself: the proxy or NAS. */
  readonly peer: string;
}

/** The body of the message, as far as the preview shows it. */
export interface EntityFacts {
  /** Media type that the first bytes show; empty when none is recognised. */
  readonly type: string;
  /** Media type that the sender declares, lower case, without parameters. */
  readonly declaredType: string;
  /** The bytes show another type than is declared, and neither is a generic form of the other. */
  readonly typeMismatch: boolean;
  /** Bytes; -1 when not known yet. */
  readonly size: number;
  readonly fileName: string;
  /** Lower-case extension of the file name, without the dot. */
  readonly extension: string;
}

/** The service that the message came to. */
export interface ServiceFacts {
  readonly name: string;
  readonly namespace: string;
  readonly path: string;
  /** ICAP method: what is judged, the request or the response. */
  readonly method: "REQMOD" | "RESPMOD";
}

import {
  type FieldDefinition,
  type FunctionDefinition,
  quantityFunction,
  reFunction,
} from "../../cel/index.ts";
import { isTypePattern, matchesType } from "./media-type.ts";
import { isInNetwork, parseNetwork } from "./networks.ts";
import { isInWindow, parseTimeWindow, type TimeWindow } from "./time-window.ts";
import { ClientView, EntityView, RequestView, ResponseView, ServiceView } from "./views.ts";

/** A variable of rules: each is a record. */
export interface VariableDefinition {
  readonly name: string;
  readonly typeName: string;
  // The engine wants the constructor to recognise values by.
  readonly ctor: new (
    facts: never,
  ) => object;
  readonly description: string;
  readonly fields: Readonly<Record<string, FieldDefinition>>;
}

const HEADERS: FieldDefinition = {
  type: "map<string, string>",
  description:
    "Header fields by lower-case name; repeated ones joined with `, `. Reading a name that is not there is an error: use `header()`.",
};

export const VARIABLES: readonly VariableDefinition[] = [
  {
    name: "request",
    typeName: "Request",
    ctor: RequestView,
    description: "The HTTP request; of a RESPMOD too, where the client sent it along.",
    fields: {
      method: { type: "string", description: "E.g. `GET`." },
      url: { type: "string", description: "Absolute URL as far as it is known." },
      scheme: { type: "string", description: "Lower case, e.g. `https`." },
      host: { type: "string", description: "Lower case, without port and final dot." },
      port: { type: "int", description: "0 when not known." },
      path: { type: "string", description: "From the first slash, without query." },
      query: { type: "string", description: "Without the question mark." },
      extension: { type: "string", description: "Lower-case extension of the path, without dot." },
      version: { type: "string", description: "E.g. `HTTP/1.1`." },
      headers: HEADERS,
    },
  },
  {
    name: "response",
    typeName: "Response",
    ctor: ResponseView,
    description: "The HTTP response of a RESPMOD. In REQMOD `status` is 0 and the rest is empty.",
    fields: {
      status: { type: "int", description: "E.g. 200; 0 in REQMOD." },
      version: { type: "string", description: "E.g. `HTTP/1.1`." },
      headers: HEADERS,
    },
  },
  {
    name: "client",
    typeName: "Client",
    ctor: ClientView,
    description: "Who is behind the message, as the ICAP client tells it.",
    fields: {
      ip: { type: "string", description: "Address of the end user (`X-Client-IP`)." },
      user: { type: "string", description: "User name (`X-Authenticated-User`), decoded." },
      groups: { type: "list<string>", description: "Groups (`X-Authenticated-Groups`), decoded." },
      peer: { type: "string", description: "Address of the ICAP client itself: the proxy or NAS." },
    },
  },
  {
    name: "entity",
    typeName: "Entity",
    ctor: EntityView,
    description: "The body of the message, as far as the preview shows it.",
    fields: {
      type: {
        type: "string",
        description: "Media type that the first bytes show; empty when none is recognised.",
      },
      declaredType: {
        type: "string",
        description: "Media type that the sender declares, lower case, without parameters.",
      },
      typeMismatch: { type: "bool", description: "The bytes show another type than is declared." },
      size: { type: "int", description: "Bytes; -1 when not known yet." },
      fileName: { type: "string", description: "File name that the sender gives." },
      extension: {
        type: "string",
        description: "Lower-case extension of the file name, without dot.",
      },
    },
  },
  {
    name: "service",
    typeName: "Service",
    ctor: ServiceView,
    description: "The service that the message came to.",
    fields: {
      name: { type: "string", description: "Name of the IcapService." },
      namespace: { type: "string", description: "Its namespace." },
      path: { type: "string", description: "Its path." },
      method: { type: "string", description: "`REQMOD` or `RESPMOD`." },
    },
  },
];

/** `now` has no fields of its own: CEL's timestamp functions apply. */
export const NOW = {
  name: "now",
  type: "google.protobuf.Timestamp",
  description: "The time of the decision.",
} as const;

function requireNetwork(text: string): void {
  if (parseNetwork(text) === undefined) {
    throw new RangeError(`"${text}" is not an address or network such as "10.0.0.0/8"`);
  }
}

function requireType(text: string): void {
  if (!isTypePattern(text)) {
    throw new RangeError(`"${text}" is not a media type such as "application/pdf" or "image/*"`);
  }
}

function isInDomain(host: string, domain: string): boolean {
  const rest = host.length - domain.length;
  const wanted = domain.toLowerCase();
  return rest === 0
    ? host.toLowerCase() === wanted
    : rest > 0 && host[rest - 1] === "." && host.toLowerCase().endsWith(wanted);
}

function requireDomain(text: string): void {
  if (!/^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/i.test(text)) {
    throw new RangeError(`"${text}" is not a domain such as "corp.example"`);
  }
}

function isInCidr(address: string, text: string): boolean {
  const network = parseNetwork(text);
  return network !== undefined && isInNetwork(address, network);
}

const windows = new Map<string, TimeWindow>();
const MAX_WINDOWS = 1024;

function windowOf(days: string, hours: string, zone: string): TimeWindow {
  const key = `${days} ${hours} ${zone}`;
  let window = windows.get(key);
  if (window === undefined) {
    window = parseTimeWindow(days, hours, zone);
    if (windows.size >= MAX_WINDOWS) {
      windows.clear();
    }
    windows.set(key, window);
  }
  return window;
}

function headerOf(message: RequestView | ResponseView, name: string): string {
  return message.headers.get(name.toLowerCase()) ?? "";
}

/** What Sluice adds to CEL's own functions. */
export const FUNCTIONS: readonly FunctionDefinition[] = [
  {
    name: "header",
    signature: "Request.header(string): string",
    description: "A header field of the request, whatever its case; empty when it is not there.",
    example: 'request.header("User-Agent").contains("curl/")',
    handler: headerOf,
  },
  {
    name: "header",
    signature: "Response.header(string): string",
    description: "A header field of the response, whatever its case; empty when it is not there.",
    example: 'response.header("Content-Disposition").startsWith("attachment")',
    handler: headerOf,
  },
  {
    name: "inDomain",
    signature: "string.inDomain(string): bool",
    description: "Whether a host is the domain or lies below it.",
    example: 'request.host.inDomain("corp.example")',
    handler: isInDomain,
    literals: { positions: [0], check: requireDomain },
  },
  {
    name: "inDomain",
    signature: "string.inDomain(list<string>): bool",
    description: "Whether a host lies in one of the domains.",
    example: 'request.host.inDomain(["corp.example", "partner.example"])',
    handler: (host: string, domains: readonly string[]) =>
      domains.some((domain) => isInDomain(host, domain)),
    literals: { positions: [0], check: requireDomain },
  },
  {
    name: "inCidr",
    signature: "string.inCidr(string): bool",
    description: "Whether an address lies in the network. The empty address lies in none.",
    example: 'client.ip.inCidr("10.0.0.0/8")',
    handler: isInCidr,
    literals: { positions: [0], check: requireNetwork },
  },
  {
    name: "inCidr",
    signature: "string.inCidr(list<string>): bool",
    description: "Whether an address lies in one of the networks.",
    example: 'client.ip.inCidr(["10.0.0.0/8", "fd00::/8"])',
    handler: (address: string, networks: readonly string[]) =>
      networks.some((network) => isInCidr(address, network)),
    literals: { positions: [0], check: requireNetwork },
  },
  {
    name: "matchesType",
    signature: "string.matchesType(string): bool",
    description: "Whether a media type matches. The empty type matches nothing.",
    example: 'entity.type.matchesType("image/*")',
    handler: matchesType,
    literals: { positions: [0], check: requireType },
  },
  {
    name: "matchesType",
    signature: "string.matchesType(list<string>): bool",
    description: "Whether a media type matches one of the patterns.",
    example: 'entity.type.matchesType(["application/zip", "application/x-7z-compressed"])',
    handler: (type: string, patterns: readonly string[]) =>
      patterns.some((pattern) => matchesType(type, pattern)),
    literals: { positions: [0], check: requireType },
  },
  quantityFunction('entity.size > quantity("10Mi")'),
  {
    name: "inWindow",
    signature: "google.protobuf.Timestamp.inWindow(string, string, string): bool",
    description:
      'Whether a time lies in a weekly window: days (`"Mon-Fri"`, `"Sat,Sun"`, `"*"`), hours, time zone. A window past midnight belongs to the day it begins on.',
    example: 'now.inWindow("Mon-Fri", "08:00-18:00", "Europe/Berlin")',
    handler: (moment: Date, ...window: [string, string, string]) =>
      isInWindow(moment, windowOf(...window)),
    literals: { positions: [0, 1, 2], check: parseTimeWindow },
  },
  reFunction('request.path.re("^/release/[0-9]+/")'),
];

/** What rules may use of CEL's own methods. Whatever is not listed here or above is refused. */
export const STANDARD_METHODS = [
  ...["startsWith", "endsWith", "contains", "indexOf", "lastIndexOf", "substring"],
  ...["lowerAscii", "upperAscii", "trim", "split", "join", "size"],
  ...["getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear"],
  ...["getHours", "getMinutes", "getSeconds", "getMilliseconds"],
] as const;

/** Those that evaluate their last argument once for each entry of a list. */
export const STANDARD_MACROS = ["all", "exists", "exists_one", "filter"] as const;

/** What rules may use of CEL's own functions. */
export const STANDARD_FUNCTIONS = [
  ...["has", "size", "int", "double", "string", "bool", "timestamp", "duration"],
] as const;

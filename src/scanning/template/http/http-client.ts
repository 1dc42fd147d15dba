import { type LookupAddress, type LookupOptions, lookup } from "node:dns";
import { Agent, buildConnector, type Dispatcher } from "undici";
import type { ScannerCredentials } from "../../index.ts";
import { type AllowedAddresses, isAddress, refusedAddress } from "./address-guard.ts";
import type { OutgoingRequest } from "./outgoing-request.ts";

export interface HttpClientOptions {
  /** Of the base URL: the TLS settings are for it alone. */
  readonly origin: string;
  readonly connections: number;
  readonly connectTimeoutMs: number;
  readonly addresses: AllowedAddresses;
  readonly tls: ScannerCredentials["tls"];
}

/** An answer whose body has not been read yet: whoever gets one reads it, or ends it. */
export interface OpenAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Dispatcher.ResponseData["body"];
}

/** Below what common servers grant (uvicorn and Node: 5 s), so that they do not close on a request. */
const KEEP_ALIVE_MS = 4000;
const MAX_HEAD_BYTES = 32 * 1024;

/** HTTP/1.1 to a vendor. Follows no redirect; connects to no address that the guard refuses. */
export class HttpClient {
  readonly #agent: Agent;

  constructor(options: HttpClientOptions) {
    this.#agent = new Agent({
      connections: options.connections,
      allowH2: false,
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: MAX_HEAD_BYTES,
      // Every request has a signal that ends it in time.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: guardedConnector(options),
    });
  }

  /** Rejects when no head of an answer comes. */
  async open(request: OutgoingRequest, signal: AbortSignal): Promise<OpenAnswer> {
    const { origin, path, method, headers, body } = request;
    const response = await this.#agent.request({
      ...{ origin, path, method, headers, signal },
      body: body?.open() ?? null,
    });
    return { status: response.statusCode, headers: fieldsOf(response), body: response.body };
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }
}

function fieldsOf({ headers }: Dispatcher.ResponseData): ReadonlyMap<string, string> {
  const fields = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, Array.isArray(value) ? value.join(", ") : value] as const],
  );
  return new Map(fields);
}

function guardedConnector(options: HttpClientOptions): buildConnector.connector {
  const { origin, connectTimeoutMs: timeout, addresses, tls } = options;
  const common = { timeout, lookup: guardedLookup(addresses) };
  const own = buildConnector({
    ...common,
    ...(tls?.ca !== undefined && { ca: tls.ca }),
    ...tls?.certificate,
    ...(tls?.serverName !== undefined && { servername: tls.serverName }),
    ...(tls !== undefined && { minVersion: tls.minVersion }),
  });
  const others = buildConnector({ ...common, minVersion: tls?.minVersion ?? "TLSv1.2" });
  const { host } = new URL(origin);
  return (target, done) => {
    // Of an address as it stands, nobody looks up a name.
    const literal = target.hostname.replace(/^\[|\]$/g, "");
    const refused = isAddress(literal) ? refusedAddress(literal, addresses) : undefined;
    if (refused !== undefined) done(addressRefused(refused), null);
    else (target.host === host ? own : others)(target, done);
  };
}

type Found = (error: Error | null, address: string | LookupAddress[], family?: number) => void;

type LookupFunction = (hostname: string, options: LookupOptions, done: Found) => void;

function guardedLookup(addresses: AllowedAddresses): LookupFunction {
  return (hostname, options, done) => {
    lookup(hostname, { ...options, all: true }, (error, found: LookupAddress[]) => {
      if (error !== null) return done(error, "");
      const [first, ...rest] = found.filter(
        ({ address }) => refusedAddress(address, addresses) === undefined,
      );
      if (first === undefined) {
        const why = refusedAddress(found[0]?.address ?? "", addresses);
        return done(addressRefused(why ?? "is none"), "");
      }
      if (options.all === true) return done(null, [first, ...rest]);
      return done(null, first.address, first.family);
    });
  };
}

function addressRefused(why: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`the address ${why}`), { code: ADDRESS_REFUSED });
}

export const ADDRESS_REFUSED = "ERR_SLUICE_ADDRESS_REFUSED";

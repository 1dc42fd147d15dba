import { createServer, type Server, type Socket } from "node:net";
import { AddressRanges } from "../addresses/index.ts";
import type { RequestParserOptions } from "../protocol/index.ts";
import { type Logger, RefusalReason, type ServerMetrics } from "../telemetry/index.ts";
import type { TransactionEngine } from "../transaction/index.ts";
import { Admission, type AdmissionLimits } from "./admission.ts";
import { Connection } from "./connection.ts";
import type { ConnectionHost, ConnectionTimeouts } from "./connection-host.ts";
import { Deadlines } from "./deadlines.ts";
import { TlsGate, type TlsOptions } from "./tls-gate.ts";

/** Where to listen; without a host on every address, IPv6 and IPv4. */
export interface ListenAddress {
  readonly host: string | undefined;
  /** 0: the system chooses. */
  readonly port: number;
}

export interface DrainOptions {
  /** The listener stays open for so long after the drain began: load balancers need time to hear. */
  readonly delayMs: number;
  /** Idle connections are closed spread over this time, so that clients do not all come at once. */
  readonly idleSpreadMs: number;
  /** Then what is still under way is aborted. */
  readonly timeoutMs: number;
}

export interface IcapServerOptions {
  readonly icap: readonly ListenAddress[];
  readonly icaps: readonly ListenAddress[];
  readonly tls: TlsOptions | undefined;
  /** Peers in these networks speak PROXY protocol, and must. CIDR notation. */
  readonly trustedProxies: readonly string[];
  readonly limits: AdmissionLimits;
  readonly timeouts: ConnectionTimeouts;
  readonly parser: RequestParserOptions;
  readonly pipelined: number;
  readonly maxRequests: number;
  /** Age at which a connection announces its end, give or take a tenth; 0: no limit. */
  readonly maxConnectionAgeMs: number;
  readonly tcpKeepAliveMs: number;
  readonly drain: DrainOptions;
}

export interface IcapServerPorts {
  readonly engine: TransactionEngine;
  readonly metrics: ServerMetrics;
  readonly logger: Logger;
}

const BACKLOG = 1024;
const AGE_JITTER = 0.1;
/** For a 503 to leave before its connection is cut. */
const ABORT_GRACE_MS = 500;

/**
 * The listeners and their connections. One life: `start`, `drain` (or not), `close`; each may be
 * called after the one before it failed half-way.
 */
export class IcapServer implements ConnectionHost<Connection> {
  readonly engine: TransactionEngine;
  readonly metrics: ServerMetrics;
  readonly deadlines: Deadlines;
  readonly #options: IcapServerOptions;
  readonly #logger: Logger;
  readonly #admission: Admission;
  readonly #trusted: AddressRanges;
  readonly #listeners: Server[] = [];
  /** Each with the client address it was counted under; undefined while that is not known. */
  readonly #connections = new Map<Connection, string | undefined>();
  #tls: TlsGate | undefined;
  #draining = false;
  #drained: Promise<void> | undefined;
  #whenEmpty: (() => void) | undefined;

  constructor(options: IcapServerOptions, ports: IcapServerPorts) {
    this.#options = options;
    this.engine = ports.engine;
    this.metrics = ports.metrics;
    this.#logger = ports.logger;
    this.#admission = new Admission(options.limits);
    this.deadlines = new Deadlines(Math.min(...Object.values(options.timeouts)));
    this.#trusted = new AddressRanges(options.trustedProxies);
  }

  get draining(): boolean {
    return this.#draining;
  }

  get openConnections(): number {
    return this.#connections.size;
  }

  /** Opens all listeners; rejects with the first failure, after closing those that were opened. */
  async start(): Promise<void> {
    const { icap, icaps, tls } = this.#options;
    try {
      for (const address of icap) {
        await this.#listen(address, (socket, proxied) => this.#serve(socket, proxied));
      }
      if (tls === undefined) return;
      const { maxConnections } = this.#options.limits;
      const gate = await TlsGate.open(
        { ...tls, maxHandshakes: maxConnections },
        {
          logger: this.#logger,
          metrics: this.metrics,
          serve: (socket, client) => this.#serveTls(socket, client),
        },
      );
      this.#tls = gate;
      for (const address of icaps) {
        await this.#listen(address, (socket, proxied) => gate.accept(socket, proxied));
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Where the listeners are, in the order of the options. */
  addresses(): { icap: ListenAddress[]; icaps: ListenAddress[] } {
    const all = this.#listeners.map(boundAddress);
    const plain = this.#options.icap.length;
    return { icap: all.slice(0, plain), icaps: all.slice(plain) };
  }

  /**
   * Ends without losing a transaction: from now on every answer announces the end of its connection,
   * idle ones are closed over time, the listeners after a delay. Resolves when all is over, at the
   * latest after `timeoutMs`, when what is left is aborted.
   */
  drain(): Promise<void> {
    this.#drained ??= this.#drain();
    return this.#drained;
  }

  /** Aborts what is under way: with 503 where no answer had begun. */
  abort(): void {
    this.#draining = true;
    this.#closeListeners();
    for (const connection of [...this.#connections.keys()]) connection.abortForDrain();
    // A client that reads nothing does not take its 503 either.
    setTimeout(() => this.#cutAll(), ABORT_GRACE_MS).unref();
  }

  /** Ends everything at once. */
  close(): void {
    this.#cutAll();
    this.#closeListeners();
    this.#tls?.close();
    this.deadlines.stop();
  }

  admit(connection: Connection, client: string): RefusalReason | undefined {
    // A handshake, or a PROXY preface, that took longer than the listeners stayed open.
    if (this.#draining && this.#listeners.length === 0) return RefusalReason.Draining;
    const refusal = this.#admission.enter(client);
    if (refusal === undefined) this.#connections.set(connection, client);
    return refusal;
  }

  onClosed(connection: Connection): void {
    const client = this.#connections.get(connection);
    this.#connections.delete(connection);
    if (client !== undefined) this.#admission.leave(client);
    this.metrics.connectionClosed();
    this.#tellWhenEmpty();
  }

  async #drain(): Promise<void> {
    this.#draining = true;
    const { delayMs, idleSpreadMs, timeoutMs } = this.#options.drain;
    const spreadMs = Math.min(idleSpreadMs, timeoutMs);
    const empty = new Promise<void>((resolve) => {
      this.#whenEmpty = resolve;
    });
    this.#tellWhenEmpty();
    const timers = this.#spreadIdle(spreadMs);
    const closeListeners = (): void => {
      this.#closeListeners();
      // Those that came meanwhile and have asked for nothing.
      timers.push(...this.#spreadIdle(spreadMs));
    };
    timers.push(
      setTimeout(closeListeners, delayMs),
      setTimeout(() => this.abort(), timeoutMs),
    );
    await empty;
    for (const timer of timers) clearTimeout(timer);
    this.close();
  }

  #cutAll(): void {
    for (const connection of [...this.#connections.keys()]) connection.abort();
  }

  #listen(
    address: ListenAddress,
    accept: (socket: Socket, proxied: boolean) => void,
  ): Promise<void> {
    const keepAlive = this.#options.tcpKeepAliveMs;
    const server = createServer(
      {
        allowHalfOpen: true,
        pauseOnConnect: true,
        noDelay: true,
        keepAlive: keepAlive > 0,
        keepAliveInitialDelay: keepAlive,
      },
      (socket) => accept(socket, this.#isTrusted(socket.remoteAddress)),
    );
    this.#listeners.push(server);
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen({ ...address, backlog: BACKLOG }, () => {
        server.off("error", reject);
        server.on("error", (err) => this.#logger.error("listener failed", { err }));
        resolve();
      });
    });
  }

  #isTrusted(address: string | undefined): boolean {
    return address !== undefined && this.#trusted.has(address);
  }

  #serve(socket: Socket, proxied: boolean): void {
    this.#open(socket, { awaitsPreface: proxied, client: socket.remoteAddress });
  }

  #serveTls(socket: Socket, client: string | undefined): void {
    this.#open(socket, { awaitsPreface: false, client: client ?? socket.remoteAddress });
  }

  #open(socket: Socket, source: { awaitsPreface: boolean; client: string | undefined }): void {
    const { timeouts, parser, pipelined, maxRequests, maxConnectionAgeMs } = this.#options;
    const jitter = 1 + AGE_JITTER * (2 * Math.random() - 1);
    const ageMs = maxConnectionAgeMs === 0 ? Number.POSITIVE_INFINITY : maxConnectionAgeMs * jitter;
    const retiresAt = this.deadlines.now + ageMs;
    const { awaitsPreface, client } = source;
    const connection = new Connection(
      socket,
      this,
      { ...timeouts, parser, pipelined, maxRequests, retiresAt },
      { awaitsPreface, client },
    );
    this.#connections.set(connection, undefined);
    this.metrics.connectionOpened();
    if (awaitsPreface) return;
    const refusal = this.admit(connection, connection.peer);
    if (refusal !== undefined) connection.refuse(refusal);
  }

  #spreadIdle(overMs: number): NodeJS.Timeout[] {
    const idle = [...this.#connections.keys()].filter((connection) => connection.idle);
    const step = idle.length === 0 ? 0 : overMs / idle.length;
    return idle.map((connection, i) => setTimeout(() => connection.closeIdle(), i * step));
  }

  /** Accepts nothing from now on. (`close` would call back only when every connection has ended.) */
  #closeListeners(): void {
    for (const server of this.#listeners.splice(0)) server.close();
    this.#tellWhenEmpty();
  }

  #tellWhenEmpty(): void {
    if (this.#draining && this.#listeners.length === 0 && this.#connections.size === 0) {
      this.#whenEmpty?.();
    }
  }
}

function boundAddress(server: Server): ListenAddress {
  const address = server.address();
  if (address === null || typeof address === "string") return { host: undefined, port: 0 };
  return { host: address.address, port: address.port };
}

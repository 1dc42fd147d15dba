import { SPOOL_DEFAULTS, SpoolStore, type SpoolStoreOptions } from "../../src/entity/index.ts";
import { IcapServer, type IcapServerOptions } from "../../src/server/index.ts";
import { Router, type Service } from "../../src/services/index.ts";
import type { Logger, TransactionRecord } from "../../src/telemetry/index.ts";
import { TransactionEngine } from "../../src/transaction/index.ts";
import { CountedMetrics } from "./counted-metrics.ts";
import { IcapConnection, type IcapConnectionOptions } from "./icap-connection.ts";
import { TempDirectory } from "./temp-directory.ts";

type Nested = "limits" | "timeouts" | "drain" | "parser";

export type ServerChanges = Partial<Omit<IcapServerOptions, Nested>> & {
  readonly [Key in Nested]?: Partial<IcapServerOptions[Key]>;
};

export interface ServerUnderTestOptions {
  readonly services?: readonly Service[];
  /** What differs from a server on one loopback port with bounds that no test reaches. */
  readonly server?: ServerChanges;
  readonly spool?: Partial<Omit<SpoolStoreOptions, "directory">>;
  /** Left out: nothing begins before the end of a body. */
  readonly overlapBytes?: number;
}

export interface LogLine {
  readonly level: keyof Logger;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

const longMs = 60_000;

const roomy: IcapServerOptions = {
  icap: [{ host: "127.0.0.1", port: 0 }],
  icaps: [],
  tls: undefined,
  trustedProxies: [],
  limits: { maxConnections: 1000, maxConnectionsPerClient: 1000 },
  timeouts: {
    headTimeoutMs: longMs,
    bodyTimeoutMs: longMs,
    idleTimeoutMs: longMs,
    writeTimeoutMs: longMs,
    halfClosedTimeoutMs: longMs,
    lingerTimeoutMs: longMs,
  },
  parser: {},
  pipelined: 32,
  maxRequests: 0,
  maxConnectionAgeMs: 3_600_000,
  tcpKeepAliveMs: 0,
  drain: { delayMs: 0, idleSpreadMs: 0, timeoutMs: longMs },
};

/** The server in this process, on a port of its own, with everything that it tells kept for the test. */
export class ServerUnderTest {
  readonly server: IcapServer;
  readonly engine: TransactionEngine;
  readonly spools: SpoolStore;
  readonly metrics: CountedMetrics;
  readonly records: TransactionRecord[] = [];
  readonly logs: LogLine[] = [];
  readonly #directory: TempDirectory;
  readonly #watchers = new Set<() => void>();

  private constructor(
    directory: TempDirectory,
    spools: SpoolStore,
    { services = [], server = {}, overlapBytes }: ServerUnderTestOptions,
  ) {
    this.#directory = directory;
    this.spools = spools;
    this.metrics = new CountedMetrics(() => this.#notify());
    const { metrics } = this;
    const logger = this.#logger();
    this.engine = new TransactionEngine({
      router: new Router(services),
      spools,
      publish: (record) => {
        this.records.push(copyOf(record));
        this.#notify();
      },
      metrics,
      logger,
      ...(overlapBytes !== undefined && { overlapBytes }),
    });
    this.server = new IcapServer(changed(server), { engine: this.engine, metrics, logger });
  }

  /** Not listening yet. */
  static async create(options: ServerUnderTestOptions = {}): Promise<ServerUnderTest> {
    const directory = new TempDirectory();
    const spools = await SpoolStore.open({
      ...SPOOL_DEFAULTS,
      memoryBytes: 256 * 1024,
      ...options.spool,
      directory: directory.path,
    });
    return new ServerUnderTest(directory, spools, options);
  }

  static async start(options: ServerUnderTestOptions = {}): Promise<ServerUnderTest> {
    const under = await ServerUnderTest.create(options);
    await under.server.start();
    return under;
  }

  /** Port of the first listener, ICAP before ICAPS. */
  get port(): number {
    const { icap, icaps } = this.server.addresses();
    return ([...icap, ...icaps][0] as { port: number }).port;
  }

  get tlsPort(): number {
    return (this.server.addresses().icaps[0] as { port: number }).port;
  }

  connect(options: Partial<IcapConnectionOptions> = {}): Promise<IcapConnection> {
    return IcapConnection.open({ port: this.port, ...options });
  }

  /** Resolves once it holds; looked at whenever the server tells something. */
  until(holds: () => boolean, what: string, timeoutMs = 30_000): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (!holds()) return;
        this.#watchers.delete(look);
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#watchers.delete(look);
        reject(new Error(`not within ${timeoutMs} ms: ${what}; records: ${this.records.length}`));
      }, timeoutMs);
      this.#watchers.add(look);
      look();
    });
  }

  /** The record with this number, from 0, as soon as it is there. */
  async record(index: number): Promise<TransactionRecord> {
    await this.until(() => this.records.length > index, `record ${index}`);
    return this.records[index] as TransactionRecord;
  }

  /** Messages of this level so far. */
  logged(level: LogLine["level"]): string[] {
    return this.logs.filter((line) => line.level === level).map((line) => line.message);
  }

  async close(): Promise<void> {
    this.server.close();
    await this.spools.close();
    this.#directory.remove();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #logger(): Logger {
    const write =
      (level: LogLine["level"]) =>
      (message: string, fields: object = {}): void => {
        this.logs.push({ level, message, fields: fields as LogLine["fields"] });
        this.#notify();
      };
    return {
      debug: write("debug"),
      info: write("info"),
      warn: write("warn"),
      error: write("error"),
    };
  }

  #notify(): void {
    for (const look of [...this.#watchers]) look();
  }
}

function changed(changes: ServerChanges): IcapServerOptions {
  return {
    ...roomy,
    ...changes,
    limits: { ...roomy.limits, ...changes.limits },
    timeouts: { ...roomy.timeouts, ...changes.timeouts },
    drain: { ...roomy.drain, ...changes.drain },
    parser: { ...roomy.parser, ...changes.parser },
  };
}

/** A record works its fields out when asked and must not be kept. */
function copyOf(record: TransactionRecord): TransactionRecord {
  const copy: Record<string, unknown> = {};
  for (let at: object = record; at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const name of Object.getOwnPropertyNames(at)) {
      if (name !== "constructor") copy[name] ??= record[name as keyof TransactionRecord];
    }
  }
  return copy as unknown as TransactionRecord;
}

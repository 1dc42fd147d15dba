import { readFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { AdminServer, type Readiness } from "./admin/index.ts";
import type { ListenAddress, Settings } from "./config/index.ts";
import {
  EntityExtractor,
  EXTRACTION_DEFAULTS,
  SPOOL_DEFAULTS,
  SpoolStore,
} from "./entity/index.ts";
import {
  type Capabilities,
  changedBuiltinResources,
  compile,
  formatProblem,
  type RoutingTable,
  type ScannerEntry,
} from "./resources/index.ts";
import { Runtime, ScannerShelf, ServiceFactory } from "./runtime/index.ts";
import { createEmbeddedScanner, type EmbeddedScannerDescription } from "./scanners/index.ts";
import {
  IcapServer,
  type IcapServerOptions,
  isWorkerProcess,
  WorkerProcesses,
  workerProcess,
} from "./server/index.ts";
import { Router } from "./services/index.ts";
import {
  createTransactionLog,
  createTransactionMetrics,
  type Log,
  MetricsRegistry,
  type MetricsSnapshot,
  metricsText,
  PrometheusServerMetrics,
  TransactionChannel,
} from "./telemetry/index.ts";
import { TransactionEngine } from "./transaction/index.ts";

/** What Sluice offers once it runs, for whoever started it. */
export interface AppFacts {
  readonly icap: readonly ListenAddress[];
  readonly icaps: readonly ListenAddress[];
  readonly admin: ListenAddress | undefined;
  readonly services: readonly { readonly path: string; readonly methods: readonly string[] }[];
  readonly scanners: readonly EmbeddedScannerDescription[];
  /** This is one of several workers, and another process speaks for all of them. */
  readonly worker?: boolean;
}

/** A running server: `startApp` is its beginning, `drain` or `abort` its end. */
export interface App {
  readonly facts: AppFacts;
  /** Ends without losing a transaction, within the configured time. */
  drain(): Promise<void>;
  /** Ends what is under way with 503; `drain` then resolves soon. */
  abort(): void;
  /** What this process counted so far, as plain data. */
  metrics(): Promise<MetricsSnapshot>;
}

export interface AppPorts {
  readonly log: Log;
  readonly version: string;
  /** Lines that nobody read in time, so far. */
  readonly droppedLogLines: () => number;
}

/** What this build can do with resources. */
const CAPABILITIES: Capabilities = {
  scannerProtocols: ["Embedded"],
  scannerModes: ["Hold"],
  combineStrategies: ["AnyBlocks"],
};

const VIA = "sluice";
const FAILURE_STATUS = 503;
const TLS_RELOAD_MS = 5000;
const TLS_HANDSHAKE_MS = 10_000;
const LINGER_MS = 5000;

/**
 * Starts Sluice: in this process, or with `settings.workers` above 1 in worker processes that this one
 * looks after. When a part fails, those before it are stopped again and it rejects.
 */
export function startApp(settings: Settings, ports: AppPorts): Promise<App> {
  if (isWorkerProcess()) return startWorker(settings, ports);
  const count = settings.workers === "auto" ? availableParallelism() : settings.workers;
  return count > 1 ? startPrimary(settings, ports, count) : startServer(settings, ports);
}

async function startWorker(settings: Settings, ports: AppPorts): Promise<App> {
  try {
    // The admin port is the primary's.
    const app = await startServer({ ...settings, admin: { address: undefined } }, ports);
    workerProcess.ready(app.facts, {
      drain: () => app.drain(),
      abort: () => app.abort(),
      report: () => app.metrics(),
    });
    return { ...app, facts: { ...app.facts, worker: true } };
  } catch (error) {
    workerProcess.failed(error);
    throw error;
  }
}

async function startPrimary(settings: Settings, ports: AppPorts, count: number): Promise<App> {
  const { log, version, droppedLogLines } = ports;
  const { logger } = log;
  const registry = new MetricsRegistry({ processMetrics: false });
  const metrics = new PrometheusServerMetrics(registry, {
    now: Date.now,
    version,
    droppedLogLines,
  });
  const workers = new WorkerProcesses({
    count,
    logger,
    onRestart: () => metrics.workerRestarted("process"),
  });
  const facts = (await workers.start()) as AppFacts;
  let draining = false;
  const snapshots = async (): Promise<MetricsSnapshot[]> => [
    await registry.snapshot(),
    ...((await workers.reports()) as MetricsSnapshot[]),
  ];
  const adminServer = await startAdmin(settings, {
    logger,
    draining: () => draining,
    metrics: async () => metricsText(await snapshots()),
  });
  return {
    facts: { ...facts, admin: adminServer?.address },
    drain: async () => {
      draining = true;
      await workers.drain();
      await adminServer?.stop();
    },
    abort: () => workers.abort(),
    metrics: () => registry.snapshot(),
  };
}

async function startServer(settings: Settings, ports: AppPorts): Promise<App> {
  const stops: (() => Promise<void>)[] = [];
  try {
    return await start(settings, ports, stops);
  } catch (error) {
    await stopAll(stops);
    throw error;
  }
}

async function start(
  settings: Settings,
  { log, version, droppedLogLines }: AppPorts,
  stops: (() => Promise<void>)[],
): Promise<App> {
  const { logger } = log;
  const registry = new MetricsRegistry({ processMetrics: true });
  const metrics = new PrometheusServerMetrics(registry, {
    now: Date.now,
    version,
    droppedLogLines,
  });
  const channel = new TransactionChannel(logger);
  channel.subscribe(createTransactionMetrics(registry));
  if (settings.log.transactions && log.writes("info")) {
    channel.subscribe(createTransactionLog(logger));
  }

  const spools = await openSpools(settings);
  stops.push(() => spools.close());
  metrics.watchSpool(() => spools.budget);

  const engine = new TransactionEngine({
    router: new Router([]),
    spools,
    publish: (record) => channel.publish(record),
    metrics,
    logger,
  });
  const described: EmbeddedScannerDescription[] = [];
  const runtime = new Runtime({
    shelf: new ScannerShelf((entry) => makeScanner(entry, settings, described, logger), metrics),
    factory: new ServiceFactory({
      extractor: new EntityExtractor(spools, {
        ...EXTRACTION_DEFAULTS,
        maxDecodedBytes: settings.scan.archive.totalBytes,
        maxDecodedRatio: settings.scan.archive.ratio,
      }),
      optionsTtlMs: settings.services.optionsTtl,
      maxConnections: advertisedConnections(settings),
      via: VIA,
      failureStatus: FAILURE_STATUS,
    }),
    metrics,
    logger,
    serve: (router) => engine.replaceRouter(router),
    retirementMs: settings.limits.transactionTimeout,
  });
  stops.push(() => runtime.close());
  const table = builtinTable(settings);
  await runtime.apply(table);

  const server = new IcapServer(serverOptions(settings), { engine, metrics, logger });
  await server.start();
  stops.push(async () => server.close());

  const adminServer = await startAdmin(settings, {
    logger,
    draining: () => server.draining,
    metrics: () => registry.text(),
  });
  if (adminServer !== undefined) stops.push(() => adminServer.stop());

  return {
    facts: {
      ...server.addresses(),
      admin: adminServer?.address,
      services: table.services.map(({ path, methods }) => ({ path, methods })),
      scanners: described,
    },
    drain: async () => {
      await server.drain();
      await stopAll(stops);
    },
    abort: () => server.abort(),
    metrics: () => registry.snapshot(),
  };
}

async function stopAll(stops: (() => Promise<void>)[]): Promise<void> {
  for (const stop of stops.splice(0).reverse()) await stop();
}

function openSpools({ spool }: Settings): Promise<SpoolStore> {
  return SpoolStore.open({
    ...SPOOL_DEFAULTS,
    directory: spool.directory ?? join(tmpdir(), "sluice"),
    memoryBytes: spool.memoryBytes,
    totalMemoryBytes: spool.memoryBudget,
    totalDiskBytes: spool.diskBudget,
  });
}

async function makeScanner(
  entry: ScannerEntry,
  settings: Settings,
  described: EmbeddedScannerDescription[],
  logger: Log["logger"],
) {
  const { protocol } = entry;
  if (protocol.type !== "Embedded") throw new Error(`${protocol.type} is not served by this build`);
  const { scan, spool } = settings;
  const { archive } = scan;
  const scanner = await createEmbeddedScanner({
    ...(scan.workers === "auto" ? {} : { threads: scan.workers }),
    ...(protocol.rulesDirectory === undefined ? {} : { rulesDirectory: protocol.rulesDirectory }),
    ...(protocol.hashList === undefined ? {} : { hashListPath: protocol.hashList }),
    ...(spool.directory === undefined ? {} : { temporaryDirectory: spool.directory }),
    queue: protocol.limits.queue,
    timeoutMs: scan.timeout,
    maxBytes: scan.maxEntityBytes,
    archiveLimits: {
      maxDepth: archive.depth,
      maxEntries: archive.entries,
      maxTotalBytes: archive.totalBytes,
      maxEntryBytes: archive.entryBytes,
      maxRatio: archive.ratio,
      maxCpuMs: archive.cpuTime,
    },
    onProblem: (problem) => logger.warn("embedded scanner", { scanner: entry.name, problem }),
  });
  const description = scanner.describe();
  described.push(description);
  if (description.degraded !== undefined) {
    logger.warn("embedded scanner is degraded", { scanner: entry.name, why: description.degraded });
  }
  return scanner;
}

/** The built-in services, with what the settings say about them. */
function builtinTable({ services, scan, limits }: Settings): RoutingTable {
  const { block } = services;
  const compilation = compile(
    changedBuiltinResources({
      service: {
        preview: { bytes: services.preview },
        outcomes: { ...services.on, pending: "Block" },
        limits: {
          maxEntityBytes: String(scan.maxEntityBytes),
          transactionTimeout: `${limits.transactionTimeout}ms`,
        },
        block: {
          status: block.status,
          ...(block.contact && { contact: block.contact }),
          ...(block.templateFile && { page: { inline: readFileSync(block.templateFile, "utf8") } }),
        },
        violationsHeader: services.violationsHeader ? "Send" : "Omit",
        shareIdentity: services.logIdentity ? ["Logs"] : [],
      },
      scannerRef: { timeout: `${Math.min(scan.timeout, limits.transactionTimeout)}ms` },
      embedded: {
        ...(scan.rulesDirectory && { rulesDirectory: scan.rulesDirectory }),
        ...(scan.hashList && { hashList: scan.hashList }),
      },
      scannerLimits: {},
    }),
    { capabilities: CAPABILITIES },
  );
  const problems = compilation.objects.flatMap((object) => object.problems.map(formatProblem));
  if (problems.length > 0) throw new Error(`built-in services: ${problems.join("; ")}`);
  return compilation.table;
}

function advertisedConnections({ services, limits }: Settings): number {
  return services.maxConnections === "auto"
    ? limits.maxConnectionsPerClient
    : services.maxConnections;
}

function serverOptions({ listen, limits, wire, drain }: Settings): IcapServerOptions {
  const { certFile, keyFile, clientCaFile, minVersion } = listen.tls;
  const { pipelined, ...wireLimits } = wire;
  return {
    icap: listen.icap,
    icaps: listen.icaps,
    tls:
      certFile === undefined || keyFile === undefined
        ? undefined
        : {
            certFile,
            keyFile,
            clientCaFile,
            minVersion,
            reloadMs: TLS_RELOAD_MS,
            handshakeTimeoutMs: TLS_HANDSHAKE_MS,
          },
    trustedProxies: listen.proxyProtocol.trusted,
    limits,
    timeouts: {
      headTimeoutMs: limits.headTimeout,
      bodyTimeoutMs: limits.bodyTimeout,
      idleTimeoutMs: limits.idleTimeout,
      writeTimeoutMs: limits.writeTimeout,
      lingerTimeoutMs: LINGER_MS,
    },
    parser: { limits: wireLimits },
    pipelined,
    maxRequests: limits.maxRequestsPerConnection,
    maxConnectionAgeMs: limits.maxConnectionAge,
    tcpKeepAliveMs: limits.tcpKeepAlive,
    drain: { delayMs: drain.delay, idleSpreadMs: drain.idleSpread, timeoutMs: drain.timeout },
  };
}

interface AdminMeans {
  readonly logger: Log["logger"];
  draining(): boolean;
  metrics(): Promise<string>;
}

async function startAdmin(
  { admin }: Settings,
  means: AdminMeans,
): Promise<AdminServer | undefined> {
  if (admin.address === undefined) return undefined;
  const readiness = (): Readiness =>
    means.draining() ? { ready: false, reasons: ["draining"] } : { ready: true, reasons: [] };
  const adminServer = new AdminServer({
    ...admin.address,
    logger: means.logger,
    sources: { readiness, metrics: means.metrics },
  });
  await adminServer.start();
  return adminServer;
}

import type { Settings } from "../config/index.ts";
import { EntityExtractor, SpoolStore } from "../entity/index.ts";
import type { RoutingTable } from "../resources/index.ts";
import {
  type LastGood,
  Runtime,
  ScannerShelf,
  ServedResources,
  type ServedResourcesOptions,
  ServiceFactory,
} from "../runtime/index.ts";
import { IcapServer } from "../server/index.ts";
import { Router } from "../services/index.ts";
import {
  createTransactionLog,
  createTransactionMetrics,
  MetricsRegistry,
  PrometheusCombiningMetrics,
  PrometheusEndpointMetrics,
  PrometheusServerMetrics,
  TransactionChannel,
} from "../telemetry/index.ts";
import { TransactionEngine } from "../transaction/index.ts";
import { startAdmin } from "./admin.ts";
import { createBackground } from "./background.ts";
import { createCache, rememberScanner } from "./cache.ts";
import { ProcessCacheOperator } from "./cache-operator.ts";
import { answerCacheQuestion } from "./fleet-operator.ts";
import {
  builtinTable,
  CAPABILITIES,
  extractionLimits,
  factoryOptions,
  serverOptions,
  spoolOptions,
} from "./options.ts";
import { createOverrides } from "./overrides.ts";
import type { AppFacts, AppPorts, ServerApp, ServiceFacts } from "./port.ts";
import { makeScanner, ScannerDescriptions } from "./scanner.ts";

/**
 * The server of this process.
 *
 * @param lastGood the resources of a server that this one replaces
 */
export async function startServer(
  settings: Settings,
  ports: AppPorts,
  lastGood?: LastGood,
): Promise<ServerApp> {
  const stops: (() => Promise<void>)[] = [];
  try {
    return await start(settings, { ...ports, lastGood }, stops);
  } catch (error) {
    await stopAll(stops);
    throw error;
  }
}

async function start(
  settings: Settings,
  { log, version, droppedLogLines, lastGood }: AppPorts & { lastGood: LastGood | undefined },
  stops: (() => Promise<void>)[],
): Promise<ServerApp> {
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

  const spools = await SpoolStore.open(spoolOptions(settings));
  stops.push(() => spools.close());
  metrics.watchSpool(() => spools.budget);

  const engine = new TransactionEngine({
    router: new Router([]),
    overlapBytes: settings.scan.overlapBytes || Number.POSITIVE_INFINITY,
    spools,
    publish: (record) => channel.publish(record),
    metrics,
    logger,
  });
  const cache = createCache(settings, { registry, logger });
  stops.push(async () => cache?.close());
  const overrides = createOverrides(cache, { registry, logger });
  stops.push(async () => overrides.close());
  await cache?.start();
  await overrides.start();
  const descriptions = new ScannerDescriptions();
  const endpointMetrics = new PrometheusEndpointMetrics(registry);
  const scannerPorts = { logger, endpointMetrics, descriptions, spools };
  let served: Pick<AppFacts, "services" | "scanners"> = { services: [], scanners: [] };
  const shelf = new ScannerShelf(
    (entry) => makeScanner(entry, settings, scannerPorts),
    metrics,
    rememberScanner(cache, settings, version),
  );
  const scannerOf = (key: string) => shelf.find(key);
  const background = createBackground(settings, { cache, registry, logger, scannerOf });
  const runtime = new Runtime({
    shelf,
    factory: new ServiceFactory({
      ...factoryOptions(settings),
      extractor: new EntityExtractor(spools, extractionLimits(settings)),
      background: background.scans,
      overrides,
      metrics: new PrometheusCombiningMetrics(registry),
      logger,
    }),
    metrics,
    logger,
    serve: (router, table) => {
      engine.replaceRouter(router);
      served = { services: serviceFacts(table), scanners: descriptions.of(table) };
    },
  });
  stops.push(() => runtime.close());
  stops.push(() => background.stop(0));
  const resources = await serveResources(settings, runtime, { metrics, logger, lastGood });
  stops.push(async () => resources?.close());
  background.scans.start();

  const server = new IcapServer(serverOptions(settings), { engine, metrics, logger });
  await server.start();
  stops.push(async () => server.close());

  const operator = new ProcessCacheOperator({
    cache,
    overrides,
    metrics: () => registry.snapshot(),
  });
  const adminServer = await startAdmin(settings, {
    logger,
    registry,
    operator,
    draining: () => server.draining,
    metrics: () => registry.text(),
  });
  if (adminServer !== undefined) stops.push(() => adminServer.stop());

  return {
    get facts() {
      return { ...server.addresses(), admin: adminServer?.address, ...served };
    },
    drain: async () => {
      const { delay, timeout } = settings.drain;
      const until = performance.now() + delay + timeout;
      await Promise.all([server.drain(), background.scans.handOver()]);
      await background.stop(Math.max(until - performance.now(), 0));
      await stopAll(stops);
    },
    abort: () => {
      server.abort();
      void background.scans.close();
    },
    reload: () => void resources?.look(),
    metrics: () => registry.snapshot(),
    answer: (question) => answerCacheQuestion(question, operator, overrides),
  };
}

/** The resources of files, which are followed, or the built-in ones. */
async function serveResources(
  settings: Settings,
  runtime: Runtime,
  ports: Pick<ServedResourcesOptions, "metrics" | "logger" | "lastGood">,
): Promise<ServedResources | undefined> {
  const { files, poll } = settings.resources;
  if (files.length === 0) {
    await runtime.apply(builtinTable(settings));
    return undefined;
  }
  return await ServedResources.open({
    ...ports,
    paths: files,
    pollMs: poll,
    capabilities: CAPABILITIES,
    runtime,
  });
}

function serviceFacts({ services }: RoutingTable): ServiceFacts[] {
  return services.map(({ path, methods, scanners }) => ({
    path,
    methods,
    scans: scanners.length > 0,
  }));
}

async function stopAll(stops: (() => Promise<void>)[]): Promise<void> {
  for (const stop of stops.splice(0).reverse()) await stop();
}

import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import type { Settings } from "../config/index.ts";
import {
  EXTRACTION_DEFAULTS,
  type ExtractionLimits,
  SPOOL_DEFAULTS,
  type SpoolStoreOptions,
} from "../entity/index.ts";
import {
  type Capabilities,
  changedBuiltinResources,
  compile,
  formatProblem,
  type RoutingTable,
} from "../resources/index.ts";
import type { ServiceFactoryOptions } from "../runtime/index.ts";
import type { IcapServerOptions } from "../server/index.ts";

/** What this build can do with resources. */
export const CAPABILITIES: Capabilities = {
  scannerProtocols: ["Embedded", "ScanV1", "Icap", "Template"],
  scannerModes: ["Hold", "Background", "Shadow"],
  combineStrategies: ["AnyBlocks", "First", "Quorum", "Score"],
};

const VIA = "sluice";
const FAILURE_STATUS = 503;
const TLS_RELOAD_MS = 5000;
const TLS_HANDSHAKE_MS = 10_000;
const LINGER_MS = 5000;

export function spoolOptions({ spool }: Settings): SpoolStoreOptions {
  return {
    ...SPOOL_DEFAULTS,
    directory: spool.directory ?? tmpdir(),
    memoryBytes: spool.memoryBytes,
    totalMemoryBytes: spool.memoryBudget,
    totalDiskBytes: spool.diskBudget,
  };
}

export function extractionLimits({ scan }: Settings): ExtractionLimits {
  return {
    ...EXTRACTION_DEFAULTS,
    maxDecodedBytes: scan.archive.totalBytes,
    maxDecodedRatio: scan.archive.ratio,
  };
}

export function factoryOptions(
  settings: Settings,
): Omit<ServiceFactoryOptions, "extractor" | "background" | "metrics" | "logger"> {
  return {
    optionsTtlMs: settings.services.optionsTtl,
    maxConnections: advertisedConnections(settings),
    maxPreviewBytes: settings.wire.previewBytes,
    via: VIA,
    failureStatus: FAILURE_STATUS,
  };
}

/** The built-in services, with what the settings say about them. */
export function builtinTable({ services, scan, limits }: Settings): RoutingTable {
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

export function serverOptions({ listen, limits, wire, drain }: Settings): IcapServerOptions {
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
      halfClosedTimeoutMs: limits.halfClosedTimeout,
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

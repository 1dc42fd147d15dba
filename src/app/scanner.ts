import { createIcapScanner } from "../chain/index.ts";
import type { Settings } from "../config/index.ts";
import type { SpoolStore } from "../entity/index.ts";
import type { RoutingTable, ScannerEntry } from "../resources/index.ts";
import {
  createEmbeddedScanner,
  type EmbeddedScanner,
  type EmbeddedScannerDescription,
} from "../scanners/index.ts";
import { createScanV1Scanner, type Scanner } from "../scanning/index.ts";
import type { EndpointMetrics, Logger } from "../telemetry/index.ts";
import { followedCredentials } from "./credential-watch.ts";
import { letHeapGrow } from "./heap-growth.ts";
import { credentialsOf, mayRotate } from "./secrets.ts";
import { makeTemplateScanner } from "./template-scanner.ts";

/** The scanners that were made, and what those of a table say of themselves. */
export class ScannerDescriptions {
  readonly #made = new Map<string, EmbeddedScanner>();

  add({ hash }: ScannerEntry, scanner: EmbeddedScanner): void {
    this.#made.set(hash, scanner);
  }

  /** Of the scanners in use; forgets the others. */
  of({ scanners }: RoutingTable): EmbeddedScannerDescription[] {
    const used = new Set(scanners.map(({ hash }) => hash));
    for (const hash of this.#made.keys()) {
      if (!used.has(hash)) this.#made.delete(hash);
    }
    return [...this.#made.values()].map((scanner) => scanner.describe());
  }
}

export interface ScannerPorts {
  readonly logger: Logger;
  readonly endpointMetrics: EndpointMetrics;
  readonly descriptions: ScannerDescriptions;
  /** Where content that scanners put in place of entities is kept. */
  readonly spools: SpoolStore;
}

/** Makes the scanner that an entry of the routing table describes. */
export async function makeScanner(
  entry: ScannerEntry,
  settings: Settings,
  { logger, endpointMetrics, descriptions, spools }: ScannerPorts,
): Promise<Scanner> {
  const { name, protocol } = entry;
  if (protocol.type !== "Embedded") letHeapGrow();
  if (protocol.type === "ScanV1") {
    return createScanV1Scanner({
      name,
      logger,
      metrics: endpointMetrics,
      replacements: { spools, maxBytes: settings.scan.maxEntityBytes },
      ...(await credentialsFor(name, protocol, settings, logger)),
      urls: protocol.urls,
      connections: protocol.limits.concurrency,
      retry: protocol.retry,
      circuitBreaker: protocol.circuitBreaker,
    });
  }
  if (protocol.type === "Icap") {
    const { limits, maxBytes = settings.scan.maxEntityBytes, ...options } = protocol;
    return createIcapScanner({
      name,
      logger,
      ...options,
      maxBytes,
      metrics: endpointMetrics,
      connections: limits.concurrency,
      ...(await credentialsFor(name, protocol, settings, logger)),
      newSpool: (answerBytes) => spools.create(answerBytes),
    });
  }
  if (protocol.type === "Template") {
    return makeTemplateScanner(name, protocol, settings, { logger, spools, endpointMetrics });
  }
  const scanner = await makeEmbedded(name, protocol, settings, logger);
  descriptions.add(entry, scanner);
  return scanner;
}

/** What an entry's secrets are now, and who tells when they change. */
async function credentialsFor(
  scanner: string,
  protocol: Extract<ScannerEntry["protocol"], { type: "ScanV1" | "Icap" }>,
  settings: Settings,
  logger: Logger,
) {
  const read = () => credentialsOf(protocol, settings);
  const first = await read();
  if (!mayRotate(protocol, settings)) return { credentials: first };
  return followedCredentials({ read, first, everyMs: settings.resources.poll, scanner, logger });
}

async function makeEmbedded(
  name: string,
  protocol: Extract<ScannerEntry["protocol"], { type: "Embedded" }>,
  { scan, spool }: Settings,
  logger: Logger,
): Promise<EmbeddedScanner> {
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
    onProblem: (problem) => logger.warn("embedded scanner", { scanner: name, problem }),
  });
  const { degraded } = scanner.describe();
  if (degraded !== undefined) {
    logger.warn("embedded scanner is degraded", { scanner: name, why: degraded });
  }
  return scanner;
}

import type { Settings } from "./config/index.ts";
import type { RoutingTable, ScannerEntry } from "./resources/index.ts";
import {
  createEmbeddedScanner,
  type EmbeddedScanner,
  type EmbeddedScannerDescription,
} from "./scanners/index.ts";
import type { Logger } from "./telemetry/index.ts";

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

/** Makes the scanner that an entry of the routing table describes. */
export async function makeScanner(
  entry: ScannerEntry,
  settings: Settings,
  logger: Logger,
): Promise<EmbeddedScanner> {
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
  const { degraded } = scanner.describe();
  if (degraded !== undefined) {
    logger.warn("embedded scanner is degraded", { scanner: entry.name, why: degraded });
  }
  return scanner;
}

import type { Settings } from "./config/index.ts";
import type { ScannerEntry } from "./resources/index.ts";
import { createEmbeddedScanner, type EmbeddedScanner } from "./scanners/index.ts";
import type { Logger } from "./telemetry/index.ts";

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

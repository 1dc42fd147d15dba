import type { RoutingTable } from "../resources/index.ts";
import type { Scanner } from "../scanning/index.ts";
import { Router, type Service } from "../services/index.ts";
import type { LifecycleMetrics, Logger } from "../telemetry/index.ts";
import type { ScannerShelf, ScannersByKey } from "./scanner-shelf.ts";
import type { ServiceFactory } from "./service-factory.ts";

export interface RuntimeParts {
  readonly shelf: ScannerShelf;
  readonly factory: ServiceFactory;
  readonly metrics: LifecycleMetrics;
  readonly logger: Logger;
  /** Gives the new router to whoever serves; the old one serves what began with it. */
  readonly serve: (router: Router, table: RoutingTable) => void;
}

const REVISION_CHARACTERS = 12;

/**
 * The routing table that is served. A new one is made whole and then swapped in; when it cannot be
 * made, the last good one stays. Swaps happen one after the other.
 */
export class Runtime {
  readonly #parts: RuntimeParts;
  readonly #retired = new Map<Scanner, NodeJS.Timeout>();
  #queue: Promise<void> = Promise.resolve();
  #table: RoutingTable | undefined;

  constructor(parts: RuntimeParts) {
    this.#parts = parts;
  }

  /** Of the table that is served; undefined before the first. */
  get revision(): string | undefined {
    return this.#table?.revision;
  }

  /** Resolves when the table is served; rejects, with the reason counted, when it cannot be. */
  apply(table: RoutingTable): Promise<void> {
    const applied = this.#queue.then(() => this.#swap(table));
    this.#queue = applied.catch(() => {});
    return applied;
  }

  async close(): Promise<void> {
    await this.#queue;
    for (const timer of this.#retired.values()) clearTimeout(timer);
    const retired = [...this.#retired.keys()];
    this.#retired.clear();
    await Promise.all([this.#parts.shelf, ...retired].map((one) => one.close()));
  }

  async #swap(table: RoutingTable): Promise<void> {
    const { shelf, metrics, logger, serve } = this.#parts;
    if (table.revision === this.revision) {
      metrics.configUnchanged();
      return;
    }
    try {
      const scanners = await shelf.prepare(table.scanners);
      serve(new Router(await this.#services(table, scanners)), table);
      for (const scanner of shelf.replace(table.scanners, scanners)) {
        this.#retire(scanner, longestScanMs(this.#table));
      }
    } catch (error) {
      metrics.configRefused();
      throw error;
    }
    this.#table = table;
    const revision = table.revision.slice(0, REVISION_CHARACTERS);
    metrics.configApplied(revision);
    logger.info("configuration applied", { revision, services: table.services.length });
  }

  async #services(table: RoutingTable, scanners: ScannersByKey): Promise<Service[]> {
    try {
      return this.#parts.factory.make(table, scanners);
    } catch (error) {
      // What was made for this table serves none.
      await this.#parts.shelf.discard(scanners);
      throw error;
    }
  }

  /** Transactions that began before the swap may still scan, and leave scans in the background. */
  #retire(scanner: Scanner, afterMs: number): void {
    const timer = setTimeout(() => {
      this.#retired.delete(scanner);
      void scanner.close();
    }, afterMs);
    timer.unref();
    this.#retired.set(scanner, timer);
  }
}

function longestScanMs(table: RoutingTable | undefined): number {
  const times = (table?.services ?? []).flatMap(({ limits, scanners }) => [
    limits.transactionTimeoutMs,
    ...scanners.filter(({ mode }) => mode === "Background").map(({ timeoutMs }) => timeoutMs),
  ]);
  return times.reduce((longest, time) => Math.max(longest, time), 0);
}

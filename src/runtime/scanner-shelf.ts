import type { ScannerEntry } from "../resources/index.ts";
import {
  ConcurrencyLimit,
  OverlappingScanner,
  RateLimit,
  type Scanner,
} from "../scanning/index.ts";
import type { ScannerMetrics } from "../telemetry/index.ts";
import { ObservedScanner } from "./observed-scanner.ts";
import { UnavailableScanner } from "./unavailable-scanner.ts";

/** Makes the scanner that an entry describes; rejects when it cannot work as configured. */
export type ScannerMaker = (entry: ScannerEntry) => Promise<Scanner>;

/** Puts what is remembered before a scanner: before its limits, which do not hold for what is known. */
export type RememberScanner = (scanner: Scanner, entry: ScannerEntry) => Scanner;

/** The scanners of one table, by their key. */
export type ScannersByKey = ReadonlyMap<string, Scanner>;

/**
 * Keeps running scanners from one table to the next: one whose configuration did not change is not
 * made again, so that its threads, connections and queues live on.
 */
export class ScannerShelf {
  readonly #make: ScannerMaker;
  readonly #metrics: ScannerMetrics;
  readonly #remember: RememberScanner;
  #byHash = new Map<string, Scanner>();
  #byKey: ScannersByKey = new Map();

  constructor(
    make: ScannerMaker,
    metrics: ScannerMetrics,
    remember: RememberScanner = (scanner) => scanner,
  ) {
    this.#make = make;
    this.#metrics = metrics;
    this.#remember = remember;
  }

  /**
   * The scanners of a table: kept ones and new ones. Rejects, with the new ones closed again, when one
   * cannot be made; what is on the shelf stays as it is.
   */
  async prepare(entries: readonly ScannerEntry[]): Promise<ScannersByKey> {
    const prepared = new Map<string, Scanner>();
    const fresh: Scanner[] = [];
    try {
      for (const entry of entries) {
        const kept = this.#byHash.get(entry.hash);
        const scanner = kept ?? (await this.#makeOne(entry));
        if (kept === undefined) fresh.push(scanner);
        prepared.set(entry.key, scanner);
      }
    } catch (error) {
      await Promise.all(fresh.map((scanner) => scanner.close()));
      throw error;
    }
    return prepared;
  }

  /** Puts the scanners of the table now served on the shelf; returns those nobody needs any more. */
  replace(entries: readonly ScannerEntry[], scanners: ScannersByKey): Scanner[] {
    const next = new Map<string, Scanner>();
    for (const { key, hash } of entries) {
      const scanner = scanners.get(key);
      if (scanner !== undefined) next.set(hash, scanner);
    }
    const kept = new Set(next.values());
    const retired = [...this.#byHash.values()].filter((scanner) => !kept.has(scanner));
    this.#byHash = next;
    this.#byKey = scanners;
    return retired;
  }

  /** By its key in the table now served. */
  find(key: string): Scanner | undefined {
    return this.#byKey.get(key);
  }

  /** Closes prepared scanners that are not used after all; what is on the shelf stays. */
  async discard(scanners: ScannersByKey): Promise<void> {
    const kept = new Set(this.#byHash.values());
    const unused = [...scanners.values()].filter((scanner) => !kept.has(scanner));
    await Promise.all(unused.map((scanner) => scanner.close()));
  }

  async close(): Promise<void> {
    const all = [...this.#byHash.values()];
    this.#byHash.clear();
    this.#byKey = new Map();
    await Promise.all(all.map((scanner) => scanner.close()));
  }

  async #makeOne(entry: ScannerEntry): Promise<Scanner> {
    if (entry.unresolved !== undefined) return new UnavailableScanner(entry.name, entry.unresolved);
    const scanner = await this.#make(entry);
    const { concurrency, queue, rate } = entry.protocol.limits;
    const observed = new ObservedScanner(scanner, this.#metrics);
    const limited = new ConcurrencyLimit(observed, { concurrency, queue });
    const paced = rate === undefined ? limited : new RateLimit(limited, rate);
    return this.#remember(overlapping(paced, entry), entry);
  }
}

/** How long a scan that began early holds a place for a slow sender. */
const MAX_EARLY_WAIT_MS = 30_000;
const EARLY_PAUSE_MS = 60_000;

/** Scanners elsewhere may be sent what is still arriving; half of their places are for what is here. */
function overlapping(scanner: Scanner, { protocol }: ScannerEntry): Scanner {
  if (protocol.type !== "ScanV1") return scanner;
  return new OverlappingScanner(scanner, {
    maxEarly: Math.floor(protocol.limits.concurrency / 2),
    maxWaitMs: MAX_EARLY_WAIT_MS,
    pauseMs: EARLY_PAUSE_MS,
  });
}

import type { BackgroundScans } from "../background/index.ts";
import type { EntityExtractor } from "../entity/index.ts";
import type { RoutingTable, ServiceEntry } from "../resources/index.ts";
import {
  BlockPages,
  type Overrides,
  parseContact,
  parseTemplate,
  ScanService,
} from "../services/index.ts";
import type { CombiningMetrics, Logger } from "../telemetry/index.ts";
import { AnswerLog } from "./answer-log.ts";
import { combinedScanner } from "./combined-scanner.ts";
import type { ScannersByKey } from "./scanner-shelf.ts";
import { screeningOf } from "./service-screening.ts";

export interface ServiceFactoryOptions {
  readonly extractor: EntityExtractor;
  /** Where scans of mode Background go on. */
  readonly background: BackgroundScans;
  /** What operators say of contents; left out: nothing. */
  readonly overrides?: Overrides | undefined;
  /** Told, as the log is, of the answers of scanners that change nothing. */
  readonly metrics: CombiningMetrics;
  readonly logger: Logger;
  /** How long clients may keep an OPTIONS answer. */
  readonly optionsTtlMs: number;
  /** Advertised where a service names no number of its own. */
  readonly maxConnections: number;
  /** The wire takes no larger preview: a service that wants more advertises this. */
  readonly maxPreviewBytes: number;
  /** This server in `Via`. */
  readonly via: string;
  /** Status of pages that say that the check did not take place. */
  readonly failureStatus: number;
}

/** Makes the services of a table. Rejects nothing silently: what cannot be made throws. */
export class ServiceFactory {
  readonly #options: ServiceFactoryOptions;
  readonly #answers: AnswerLog;

  constructor(options: ServiceFactoryOptions) {
    this.#options = options;
    this.#answers = new AnswerLog(options.metrics, options.logger);
  }

  make(table: RoutingTable, scanners: ScannersByKey): ScanService[] {
    const pages = new PageCache(table.pages, this.#options.failureStatus);
    return table.services.map((entry) => this.#makeOne(entry, scanners, pages));
  }

  #makeOne(entry: ServiceEntry, scanners: ScannersByKey, pages: PageCache): ScanService {
    const { extractor, optionsTtlMs, maxConnections, maxPreviewBytes, via } = this.#options;
    const { limits, shareIdentity } = entry;
    return new ScanService({
      name: entry.name,
      namespace: entry.namespace,
      path: entry.path,
      methods: entry.methods,
      previewBytes: Math.min(entry.preview.bytes, maxPreviewBytes),
      ttlSeconds: Math.round(optionsTtlMs / 1000),
      maxConnections: limits.maxConnections ?? maxConnections,
      partial: false,
      generation: entry.generation,
      rules: entry.rules,
      scanner: combinedScanner(entry, scanners, this.#answers, this.#options.background),
      screening: screeningOf(entry, scanners),
      overrides: this.#options.overrides,
      extractor,
      maxEntityBytes: limits.maxEntityBytes,
      transactionTimeoutMs: limits.transactionTimeoutMs,
      recordsIdentity: shareIdentity.includes("Logs"),
      sharesIdentity: shareIdentity.includes("Scanners"),
      allowedClients: entry.allowedClients,
      on: entry.on,
      mode: entry.mode,
      clientProfile: entry.clientProfile,
      pages: pages.of(entry),
      violations: entry.violationsHeader === "Send",
      via,
    });
  }
}

/** Block pages are costly to make and mostly the same for all services of a table. */
class PageCache {
  readonly #templates: RoutingTable["pages"];
  readonly #failureStatus: number;
  readonly #made = new Map<string, BlockPages>();

  constructor(templates: RoutingTable["pages"], failureStatus: number) {
    this.#templates = templates;
    this.#failureStatus = failureStatus;
  }

  of({ block }: ServiceEntry): BlockPages {
    const key = JSON.stringify([block.status, block.page, block.contact]);
    const known = this.#made.get(key);
    if (known !== undefined) return known;
    const contact = block.contact === undefined ? undefined : parseContact(block.contact);
    const pages = new BlockPages({
      status: block.status,
      failureStatus: this.#failureStatus,
      contact,
      template: this.#template(block.page),
    });
    this.#made.set(key, pages);
    return pages;
  }

  #template(page: string | undefined) {
    const text = page === undefined ? undefined : this.#templates[page];
    if (text === undefined) return undefined;
    const result = parseTemplate(text);
    if ("problems" in result) throw new Error(`block page template: ${result.problems.join("; ")}`);
    return result.template;
  }
}

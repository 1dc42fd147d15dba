import { createHash } from "node:crypto";
import { CacheScope, VerdictKind } from "../../scanning/index.ts";
import type { Logger, MetricsRegistry } from "../../telemetry/index.ts";
import type {
  EngineAbilities,
  EngineState,
  EngineVerdict,
  ScanEngine,
  ScanSubject,
} from "../serve/scan-engine.ts";
import type { Environment } from "../settings/secret.ts";
import type { ContentHashes } from "./hashes/digest-list.ts";
import { HashAlgorithm } from "./hashes/hash-lines.ts";
import { openHashes } from "./hashes/open-hashes.ts";
import { type ListHit, listedVerdict } from "./list-answer.ts";
import type { ListSettings } from "./list-settings.ts";
import { hostName } from "./names/host-name.ts";
import { openNames } from "./names/open-names.ts";
import { webAddress } from "./names/web-address.ts";
import type { LookupSubject, OpenList } from "./open-list.ts";
import { openRedisList } from "./redis/redis-list.ts";

export interface ListEngineOptions {
  readonly settings: ListSettings;
  /** Where passwords may be. */
  readonly env: Environment;
  readonly logger: Logger;
}

const EPOCH_DIGITS = 32;

/**
 * An engine that looks hashes, hosts and URLs up in lists. Resolves when every list is loaded;
 * rejects, with file and line, when one cannot be used.
 */
export async function createListEngine(options: ListEngineOptions): Promise<ScanEngine> {
  const { settings, env, logger } = options;
  const files = { pollMs: settings.pollInterval, logger };
  const opened: OpenList[] = [];
  try {
    // One after the other: each has a moment in which it needs twice its memory.
    for (const list of settings.lists) {
      if (list.type === "names") opened.push(await openNames(list, files));
      else if (list.type === "hashes") opened.push(await openHashes(list, files));
      else opened.push(await openRedisList(list, env, files));
    }
  } catch (error) {
    for (const list of opened) list.close();
    throw error;
  }
  return new ListScanEngine(settings, opened);
}

class ListScanEngine implements ScanEngine {
  readonly name = "list";
  readonly #lists: readonly OpenList[];
  readonly #unlisted: "unknown" | "clean";
  readonly #settingsJson: string;
  readonly #hits = new Map<string, number>();
  readonly #failures = new Map<string, number>();

  constructor(settings: ListSettings, lists: readonly OpenList[]) {
    this.#lists = lists;
    this.#unlisted = settings.unlisted;
    this.#settingsJson = JSON.stringify(settings);
  }

  get abilities(): EngineAbilities {
    const { hashes, hasNames } = this.#needs();
    const needsContent = hashes.some((algorithm) => algorithm !== HashAlgorithm.Sha256);
    return {
      inputs: [
        ...(needsContent ? ["content" as const] : []),
        ...(hashes.length > 0 ? ["hash" as const] : []),
        ...(hasNames ? ["url" as const] : []),
      ],
      // Where a request comes from is known before its content.
      stages: hasNames && !needsContent ? ["headers", "full"] : ["full"],
      cacheScope: this.#cacheScope(),
    };
  }

  state(): EngineState {
    const notReady = this.#lists.map((list) => list.notReady).filter((why) => why !== undefined);
    const loadedAt = Math.max(...this.#lists.map((list) => list.loadedAt ?? 0));
    const entries = this.#lists.reduce((sum, list) => sum + (list.entries ?? 0), 0);
    return {
      epoch: this.#epoch(),
      signatures: String(entries),
      ...(loadedAt > 0 && { signaturesDate: new Date(loadedAt * 1000).toISOString() }),
      notReady: notReady.length === 0 ? undefined : notReady.join("; "),
    };
  }

  async scan(subject: ScanSubject): Promise<EngineVerdict> {
    const hashes = await this.#hashesOf(subject);
    // Before the lookups: what is swapped meanwhile does not give an old answer a new name.
    const epoch = this.#epoch();
    const { hits, failures } = await this.#ask(subject, hashes);
    const listed = listedVerdict({ hits, failures, unlisted: this.#unlisted });
    const { url, host } = subject.facts;
    const { hashes: algorithms, hasNames } = this.#needs();
    // Before the content is there, the lists of hashes have not been asked.
    const isEarly = algorithms.length > 0 && Object.values(hashes).every((one) => !one);
    // Nor have those of names where nobody said where it comes from.
    const isNowhere = hasNames && url === undefined && host === undefined && hits.length === 0;
    const isTooSoon = (isEarly || isNowhere) && listed.kind === VerdictKind.Clean;
    const verdict = isTooSoon ? { ...listed, kind: VerdictKind.Unknown } : listed;
    const isLasting = this.#lists.every((list) => list.epoch !== undefined);
    // Said with each verdict: a cache that knows it for one of the content alone must not keep it.
    const cache = isLasting ? { scope: this.#cacheScope() } : { ttlMs: 0 };
    return { verdict: { ...verdict, cache }, epoch };
  }

  async #ask(
    subject: ScanSubject,
    hashes: ContentHashes,
  ): Promise<{ readonly hits: readonly ListHit[]; readonly failures: readonly string[] }> {
    const hits: ListHit[] = [];
    const failures: string[] = [];
    const asked = lookupSubject(subject, hashes);
    if (asked === undefined && this.#needs().hasNames) failures.push("the URL is not understood");
    const lookup = asked ?? { hashes, hosts: [], address: undefined, url: undefined };
    for (const list of this.#lists) {
      try {
        hits.push(...(await list.find(lookup)));
      } catch {
        this.#failures.set(list.name, (this.#failures.get(list.name) ?? 0) + 1);
        failures.push(`list ${list.name} does not answer`);
      }
    }
    for (const { list } of hits) this.#hits.set(list, (this.#hits.get(list) ?? 0) + 1);
    return { hits, failures };
  }

  expose(registry: MetricsRegistry): void {
    const add = (name: string, help: string, read: (list: OpenList) => number | undefined): void =>
      registry.expose(
        { name, help, type: name.endsWith("_total") ? "counter" : "gauge", labels: ["list"] },
        () =>
          this.#lists.flatMap((list) => {
            const value = read(list);
            return value === undefined ? [] : [{ labels: { list: list.name }, value }];
          }),
      );
    add("sluice_list_entries", "Entries of a list.", ({ entries }) => entries);
    add("sluice_list_skipped_lines", "Lines not understood.", ({ skippedLines }) => skippedLines);
    add("sluice_list_loaded_timestamp_seconds", "When it was loaded.", ({ loadedAt }) => loadedAt);
    add(
      "sluice_list_failed_reloads_total",
      "Times that a changed list could not be used, and the old one stayed.",
      ({ failedReloads }) => failedReloads,
    );
    add("sluice_list_hits_total", "Entries found.", ({ name }) => this.#hits.get(name) ?? 0);
    add(
      "sluice_list_failures_total",
      "Lookups that a list did not answer.",
      ({ name }) => this.#failures.get(name) ?? 0,
    );
  }

  async close(): Promise<void> {
    for (const list of this.#lists) list.close();
  }

  #needs(): { readonly hashes: readonly HashAlgorithm[]; readonly hasNames: boolean } {
    return {
      hashes: [...new Set(this.#lists.flatMap(({ needs }) => needs.hashes))],
      hasNames: this.#lists.some(({ needs }) => needs.host || needs.url),
    };
  }

  #cacheScope(): CacheScope {
    const { hashes, hasNames } = this.#needs();
    if (!hasNames) return CacheScope.Content;
    return hashes.length > 0 ? CacheScope.ContentAndUrl : CacheScope.Url;
  }

  #epoch(): string {
    const hash = createHash("sha256").update(this.#settingsJson);
    for (const { name, epoch } of this.#lists) hash.update(`\0${name}\0${epoch ?? ""}`);
    return hash.digest("hex").slice(0, EPOCH_DIGITS);
  }

  /** SHA-256 comes with the request where nothing else is needed; else all come from the content. */
  async #hashesOf({ sha256, body }: ScanSubject): Promise<ContentHashes> {
    const { hashes } = this.#needs();
    if (hashes.every((algorithm) => algorithm === HashAlgorithm.Sha256)) return { sha256 };
    const digests = hashes.map((algorithm) => [algorithm, createHash(algorithm)] as const);
    for await (const chunk of body) {
      for (const [, digest] of digests) digest.update(chunk);
    }
    return Object.fromEntries(digests.map(([name, digest]) => [name, digest.digest("hex")]));
  }
}

/** Undefined when the request says where it goes, but not in a way that can be looked up. */
function lookupSubject({ facts }: ScanSubject, hashes: ContentHashes): LookupSubject | undefined {
  const { url, host: hostFact } = facts;
  const address = url === undefined ? undefined : webAddress(url);
  const host = hostFact === undefined ? undefined : hostName(hostFact);
  if (url !== undefined && address === undefined) return undefined;
  if (hostFact !== undefined && host === undefined) return undefined;
  const hosts = new Set([address?.host, host].filter((one) => one !== undefined));
  return { hashes, hosts: [...hosts], address, url };
}

import { mkdirSync } from "node:fs";
import {
  detectType,
  type Entity,
  type KeptBody,
  SPOOL_DEFAULTS,
  SpoolStore,
} from "../../entity/index.ts";
import { Follower, type Sight } from "../../follow/index.ts";
import { CacheScope, type ScanContext } from "../../scanning/index.ts";
import type { Logger, MetricsRegistry } from "../../telemetry/index.ts";
import { createEmbeddedScanner } from "../embedded/embedded-scanner.ts";
import type { EmbeddedScanner } from "../embedded/pooled-scanner.ts";
import { keptBody } from "../serve/kept-body.ts";
import type {
  EngineAbilities,
  EngineState,
  EngineVerdict,
  ScanEngine,
  ScanSubject,
} from "../serve/scan-engine.ts";
import { type RuleSource, readRules, rulesDigest, shippedRulesDirectory } from "./rule-files.ts";

export interface YaraServiceOptions {
  /** Files of rules, and directories of them. */
  readonly rules: readonly string[];
  /** Whether the rules that come with Sluice are used as well. */
  readonly shippedRules: boolean;
  /** How often the rules are looked at for a change. */
  readonly pollMs: number;
  /** Where compiled rules are kept; made when it is not there. */
  readonly cacheDirectory?: string | undefined;
  /** Where bodies too large for memory go, and members of archives. */
  readonly workDirectory: string;
  readonly threads?: number | undefined;
  readonly maxBytes: number;
  readonly scanTimeoutMs: number;
  readonly logger: Logger;
}

/** One set of rules with the threads that have it. */
interface Generation {
  readonly scanner: EmbeddedScanner;
  readonly rulesDigest: string;
  scans: number;
}

/**
 * YARA-X in threads of this process, over the entity and all that is in it. Rejects when it cannot
 * be loaded, and when the rules are wrong: that is a mistake of whoever configured them.
 */
export async function createYaraService(options: YaraServiceOptions): Promise<ScanEngine> {
  const { cacheDirectory, workDirectory } = options;
  if (cacheDirectory !== undefined) mkdirSync(cacheDirectory, { recursive: true, mode: 0o700 });
  const { content, stamp } = await lookAtRules(options);
  const spools = await SpoolStore.open({ ...SPOOL_DEFAULTS, directory: workDirectory });
  try {
    const first = await generation(options, await content());
    return new YaraService(options, spools, first, stamp);
  } catch (error) {
    await spools.close();
    throw error;
  }
}

/** Scans by the newest rules that are right; those under way end by the ones they began with. */
class YaraService implements ScanEngine {
  readonly name = "yara";
  readonly abilities: EngineAbilities = {
    inputs: ["content"],
    // No policies: so nobody believes that one is heeded.
    cacheScope: CacheScope.ContentAndName,
    policies: [],
  };
  readonly #options: YaraServiceOptions;
  readonly #spools: SpoolStore;
  readonly #rules: Follower<readonly RuleSource[]>;
  #current: Generation;
  /** Made of the rules that changed last, in use or not yet. */
  #latest: Promise<Generation> | undefined;
  readonly #closing = new Set<Promise<void>>();
  #isClosed = false;
  #reloads = 0;
  #failures = 0;
  #isFaulty = false;

  constructor(options: YaraServiceOptions, spools: SpoolStore, first: Generation, stamp: string) {
    this.#options = options;
    this.#spools = spools;
    this.#current = first;
    this.#rules = new Follower({
      look: () => lookAtRules(options),
      stamp,
      everyMs: options.pollMs,
      use: (sources) => this.#use(sources),
      onProblem: (why) => this.#keepOld(why),
      onMended: () => {
        this.#isFaulty = false;
      },
    });
  }

  state(): EngineState {
    const { scanner, rulesDigest: digest } = this.#current;
    const { version } = scanner.describe();
    return { epoch: scanner.epoch, version, signatures: `sha256:${digest}` };
  }

  async scan(subject: ScanSubject): Promise<EngineVerdict> {
    const spool = this.#spools.create(this.#options.maxBytes);
    try {
      const entity = entityOf(await keptBody(subject, spool), subject);
      const used = this.#current;
      const { epoch } = used.scanner;
      used.scans += 1;
      try {
        return { verdict: await used.scanner.scan(entity, contextOf(subject)), epoch };
      } finally {
        used.scans -= 1;
        this.#closeWhenUnused(used);
      }
    } finally {
      spool.dispose();
    }
  }

  expose(registry: MetricsRegistry): void {
    const add = (name: string, help: string, read: () => number): void =>
      registry.expose(
        { name, help, type: name.endsWith("_total") ? "counter" : "gauge", labels: [] },
        () => [{ labels: {}, value: read() }],
      );
    const described = () => this.#current.scanner.describe();
    add("sluice_yara_rules", "Rules in use.", () => described().rules);
    add(
      "sluice_yara_waiting",
      "Scans that wait for a thread.",
      () => this.#current.scanner.waiting,
    );
    add("sluice_yara_reloads_total", "Times that changed rules were taken.", () => this.#reloads);
    add(
      "sluice_yara_reload_failures_total",
      "Times that changed rules were wrong, and the old ones kept.",
      () => this.#failures,
    );
    add(
      "sluice_yara_rules_stale",
      "1 while the rules in use are not those in the files, for these are wrong.",
      () => Number(this.#isFaulty),
    );
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#rules.close();
    const latest = await this.#latest?.catch(() => undefined);
    const generations = new Set([this.#current, latest ?? this.#current]);
    const closing = [...generations].map(({ scanner }) => scanner.close());
    await Promise.all([...closing, ...this.#closing]);
    await this.#spools.close();
  }

  async #use(sources: readonly RuleSource[]): Promise<void> {
    this.#latest = generation(this.#options, sources);
    const next = await this.#latest;
    if (this.#isClosed) return;
    const old = this.#current;
    this.#current = next;
    this.#reloads += 1;
    const { rules } = next.scanner.describe();
    this.#options.logger.info("rules read again", { rules, epoch: next.scanner.epoch });
    this.#closeWhenUnused(old);
  }

  #keepOld(reason: string): void {
    this.#failures += 1;
    this.#isFaulty = true;
    this.#options.logger.error("rules not read again, the old ones stay", { reason });
  }

  #closeWhenUnused(old: Generation): void {
    if (old === this.#current || old.scans > 0) return;
    const closing = old.scanner.close();
    this.#closing.add(closing);
    void closing.finally(() => this.#closing.delete(closing));
  }
}

async function generation(
  { threads, workDirectory, cacheDirectory, maxBytes, scanTimeoutMs, logger }: YaraServiceOptions,
  rules: readonly RuleSource[],
): Promise<Generation> {
  const scanner = await createEmbeddedScanner({
    rules,
    rulesCacheDirectory: cacheDirectory,
    temporaryDirectory: workDirectory,
    maxBytes,
    timeoutMs: scanTimeoutMs,
    onProblem: (message) => logger.warn("scan thread lost", { reason: message }),
    ...(threads !== undefined && { threads }),
  });
  const { degraded } = scanner.describe();
  if (degraded === undefined) return { scanner, rulesDigest: rulesDigest(rules), scans: 0 };
  await scanner.close();
  throw new Error(degraded.split(";")[0]);
}

async function lookAtRules({
  rules,
  shippedRules,
}: YaraServiceOptions): Promise<Sight<readonly RuleSource[]>> {
  const shipped = shippedRules ? [shippedRulesDirectory()] : [];
  const content = await readRules([...shipped, ...rules]);
  return { stamp: rulesDigest(content), content: () => content };
}

function entityOf({ content, size, sha256, head }: KeptBody, { facts }: ScanSubject): Entity {
  const { fileName, declaredType, detectedType = detectType(head) } = facts;
  return { content, size, sha256, fileName, declaredType, detectedType };
}

function contextOf({ signal, facts }: ScanSubject): ScanContext {
  return {
    transactionId: "",
    service: facts.service ?? "",
    direction: facts.direction ?? "respmod",
    url: facts.url,
    signal,
  };
}

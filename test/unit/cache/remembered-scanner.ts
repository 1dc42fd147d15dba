import { CachedScanner, type CachedScannerOptions } from "../../../src/cache/cached-scanner.ts";
import { MemoryVerdictCache } from "../../../src/cache/memory-cache.ts";
import type { Entity } from "../../../src/entity/index.ts";
import type { CacheScope, ScanContext, Scanner } from "../../../src/scanning/index.ts";
import { CountedCacheMetrics } from "../../support/counted-cache-metrics.ts";
import { entityOf, scanContext } from "../../support/samples/entities.ts";
import { ScriptedScanner } from "../../support/samples/scripted-scanner.ts";

export const file: Entity = entityOf("some bytes", { declaredType: "text/plain" });

/** A scripted scanner whose verdicts are remembered in memory, on a clock of its own. */
export class RememberedScanner {
  readonly inner: ScriptedScanner & { cacheScope?: CacheScope };
  readonly clock = { now: 1_000_000 };
  readonly metrics = new CountedCacheMetrics();
  readonly cache: MemoryVerdictCache;
  readonly scanner: CachedScanner;

  /** @param decorated asked in the place of the scripted one */
  constructor(
    changes: Partial<CachedScannerOptions> = {},
    scope?: CacheScope,
    decorated?: Scanner,
  ) {
    this.inner = new ScriptedScanner("clamav", 1_000_000);
    if (scope !== undefined) this.inner.cacheScope = scope;
    const { metrics } = this;
    const now = (): number => this.clock.now;
    this.cache = new MemoryVerdictCache({ maxBytes: 1_000_000, metrics, now });
    this.scanner = new CachedScanner(decorated ?? this.inner, {
      key: "IcapScanner/a/clamav",
      identity: "clamav@1",
      cacheFor: () => this.cache,
      lateCache: this.cache,
      metrics,
      now,
      random: () => 0,
      ...changes,
    });
  }

  /** How many scans the scanner saw. */
  get scans(): number {
    return this.inner.contexts.length;
  }

  ask(changes: Partial<ScanContext> = {}, entity: Entity = file) {
    return this.scanner.scan(entity, { ...scanContext(), ...changes });
  }

  /** Asks, and lets the scanner answer this if it is asked. */
  async judge(...[verdict, changes, entity]: readonly [...Judgement]) {
    const before = this.scans;
    const asked = this.ask(changes, entity);
    await Promise.race([asked, this.inner.started(before)]);
    if (this.scans > before) this.inner.end(before, verdict);
    return asked;
  }
}

type Judgement = [
  verdict?: Parameters<ScriptedScanner["end"]>[1],
  changes?: Partial<ScanContext>,
  entity?: Entity,
];

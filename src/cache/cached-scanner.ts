import type { Entity } from "../entity/index.ts";
import {
  DecoratedScanner,
  errorVerdict,
  type JudgedContext,
  type JudgedEntity,
  type ScanContext,
  type Scanner,
  type Verdict,
  VerdictReason,
} from "../scanning/index.ts";
import type { CacheMetrics } from "../telemetry/index.ts";
import { coversScope, type KeyedScanner, verdictKey } from "./cache-key.ts";
import type { Question, Scanned } from "./flights/question.ts";
import { ScanFlights } from "./flights/scan-flights.ts";
import { DEFAULT_TTL, isUsable, remember, type ServiceTtl } from "./lifetime.ts";
import type { RememberedVerdict, VerdictCache } from "./verdict-cache.ts";

export interface CachedScannerOptions {
  /** As `purge` names it. */
  readonly key: string;
  /** Shared by no two scanners whose verdicts could differ, and the same on every pod. */
  readonly identity: string;
  /** For an entity of this size; undefined: it costs less to scan it than to remember it. */
  readonly cacheFor: (size: number) => VerdictCache | undefined;
  /** For verdicts that come after the answer, which alone can make the next one right: of any size. */
  readonly lateCache: VerdictCache;
  readonly metrics: CacheMetrics;
  /** Milliseconds since 1970, as `Date.now`. */
  readonly now: () => number;
  /** As `Math.random`. */
  readonly random: () => number;
  readonly onClose?: () => void;
}

const SHA256_CHARACTERS = 64;

/** What a verdict was asked under. */
interface Judged {
  readonly epoch: string;
  readonly begunAt: number;
  readonly ttl: ServiceTtl;
}

/**
 * Gives the verdict that is known, and otherwise sees to it that of those who ask the same at the same
 * time one scans. It belongs before every limit: what is remembered takes no slot of the scanner.
 *
 * Whatever becomes of the cache, a question is answered by a verdict of this scanner on these bytes,
 * of the epoch in which it was asked.
 */
export class CachedScanner extends DecoratedScanner {
  readonly #options: CachedScannerOptions;
  readonly #flights: ScanFlights;
  readonly #policies = new Set<string | undefined>([undefined]);

  constructor(inner: Scanner, options: CachedScannerOptions) {
    super(inner);
    this.#options = options;
    this.#flights = new ScanFlights({
      scan: (question) => this.#scan(question),
      accepts: (found, question) => this.#accepts(found, question),
      answer: (found) => this.#answer(found),
      gone: () => errorVerdict(VerdictReason.Timeout, `${this.name}: the transaction was aborted`),
      awaited: (result) => options.metrics.scanAwaited("pod", result),
    });
  }

  scan(entity: Entity, context: ScanContext): Promise<Verdict> {
    const question = this.#question(entity, context);
    if (question === undefined) return this.inner.scan(entity, context);
    const known = this.#usable(question.cache.near(question.key), question.ttl);
    return known === undefined ? this.#flights.ask(question) : Promise.resolve(this.#answer(known));
  }

  override readonly remember = (
    entity: JudgedEntity,
    context: JudgedContext,
    { verdict, epoch, begunAt }: Parameters<NonNullable<Scanner["remember"]>>[2],
  ): void => {
    const key = verdictKey(this.#keyed, epoch, entity, context);
    if (key === undefined) return;
    const remembered = this.#storable(verdict, {
      epoch,
      begunAt,
      ttl: context.cacheTtl ?? DEFAULT_TTL,
    });
    if (remembered !== undefined) this.#options.lateCache.set(key, remembered);
  };

  override readonly recall = async (
    entity: JudgedEntity,
    context: JudgedContext,
  ): Promise<Verdict | undefined> => {
    const key = verdictKey(this.#keyed, this.inner.epoch, entity, context);
    const found = key && (await this.#options.lateCache.get(key));
    const known = this.#usable(found, context.cacheTtl ?? DEFAULT_TTL);
    return known && this.#answer(known);
  };

  /** What a request for these bytes would be told now, where their verdict depends on nothing else. */
  async lookup(entity: Omit<JudgedEntity, "size">): Promise<RememberedVerdict[]> {
    const { cacheFor, now } = this.#options;
    const cache = cacheFor(Number.POSITIVE_INFINITY);
    const keys = [...this.#policies].flatMap((policy) =>
      // Judges are asked without, modifiers with.
      [false, true].map((takesReplacement) =>
        verdictKey(this.#keyed, this.inner.epoch, entity, {
          policy,
          takesReplacement,
          url: undefined,
          host: undefined,
          identity: undefined,
        }),
      ),
    );
    const found = await Promise.all(keys.map((key) => key && cache?.get(key)));
    return found.filter((one) => one !== undefined && now() < one.expiresAt) as RememberedVerdict[];
  }

  override close(): Promise<void> {
    this.#options.onClose?.();
    return super.close();
  }

  get key(): string {
    return this.#options.key;
  }

  override get identity(): string {
    return this.#options.identity;
  }

  get #keyed(): KeyedScanner {
    const { key, identity } = this.#options;
    return { name: key, identity, scope: this.cacheScope };
  }

  /** Undefined when the answer is for the scanner alone. */
  #question(entity: Entity, context: ScanContext): Question | undefined {
    const ttl = context.cacheTtl ?? DEFAULT_TTL;
    if (ttl.cleanMs === 0 && ttl.blockedMs === 0) return undefined;
    // Bytes that still arrive have no hash to know them by.
    if (context.arriving !== undefined || entity.sha256.length !== SHA256_CHARACTERS)
      return undefined;
    const cache = this.#options.cacheFor(entity.size);
    if (cache === undefined) return undefined;
    // Before the scan: what a signature update overtakes must not look as if it were new.
    const { epoch } = this.inner;
    const key = verdictKey(this.#keyed, epoch, entity, context);
    if (key === undefined) return undefined;
    this.#policies.add(context.policy);
    return { key, cache, epoch, ttl, entity, context };
  }

  async #scan({ entity, context, epoch, ttl }: Question): Promise<Scanned> {
    this.#options.metrics.scannerAnswered(this.name, false);
    const begunAt = this.#options.now();
    const verdict = await this.inner.scan(entity, context);
    return { verdict, remembered: this.#storable(verdict, { epoch, begunAt, ttl }) };
  }

  #storable(verdict: Verdict, { epoch, ...terms }: Judged): RememberedVerdict | undefined {
    if (this.inner.epoch !== epoch || !belongsTo(epoch, verdict.epoch)) return undefined;
    if (!coversScope(this.cacheScope, verdict.cache?.scope ?? this.cacheScope)) return undefined;
    const { now, random } = this.#options;
    return remember(verdict, { ...terms, now: now(), random: random() });
  }

  #accepts(found: RememberedVerdict, { key, cache, ttl }: Question): boolean {
    // Whoever came after a purge must not be told what was begun before it.
    return this.#usable(found, ttl) !== undefined && !cache.isPurged(key, found);
  }

  #usable(remembered: RememberedVerdict | undefined, ttl: ServiceTtl) {
    if (remembered === undefined || !isUsable(remembered, ttl, this.#options.now())) return;
    return remembered;
  }

  #answer({ verdict }: RememberedVerdict): Verdict {
    this.#options.metrics.scannerAnswered(this.name, true);
    return verdict;
  }
}

/** While signatures are rolled out the epoch of a scanner is a list of those of its replicas. */
function belongsTo(epoch: string, own: string | undefined): boolean {
  return own === undefined || own === epoch || `,${epoch},`.includes(`,${own},`);
}

import type { Entity } from "../entity/index.ts";
import {
  DecoratedScanner,
  errorVerdict,
  type JudgedContext,
  type JudgedEntity,
  NOT_NEEDED,
  type ScanContext,
  type Scanner,
  type Verdict,
  VerdictReason,
} from "../scanning/index.ts";
import { type CacheMetrics, SharingResult } from "../telemetry/index.ts";
import { coversScope, type KeyedScanner, verdictKey } from "./cache-key.ts";
import { DEFAULT_TTL, isUsable, remember, type ServiceTtl } from "./lifetime.ts";
import { ScanFlights } from "./scan-flights.ts";
import type { Claim, RememberedVerdict, VerdictCache, VerdictKey } from "./verdict-cache.ts";

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

/** One question for a verdict. */
interface Question {
  readonly key: VerdictKey;
  readonly cache: VerdictCache;
  readonly epoch: string;
  readonly ttl: ServiceTtl;
  readonly entity: Entity;
  readonly context: ScanContext;
}

/** What a verdict was asked under. */
interface Judged {
  readonly epoch: string;
  readonly begunAt: number;
  readonly ttl: ServiceTtl;
}

interface Scanned {
  readonly verdict: Verdict;
  readonly remembered: RememberedVerdict | undefined;
}

type Elsewhere = Extract<Claim, { kind: "turn" }>["elsewhere"] & object;

/**
 * Gives the verdict that is known, and otherwise sees to it that of those who ask the same at the same
 * time one scans. It belongs before every limit: what is remembered takes no slot of the scanner.
 *
 * Whatever becomes of the cache, a question is answered by a verdict of this scanner on these bytes,
 * of the epoch in which it was asked.
 */
export class CachedScanner extends DecoratedScanner {
  readonly #options: CachedScannerOptions;
  readonly #flights = new ScanFlights<RememberedVerdict>();
  readonly #policies = new Set<string | undefined>([undefined]);

  constructor(inner: Scanner, options: CachedScannerOptions) {
    super(inner);
    this.#options = options;
  }

  scan(entity: Entity, context: ScanContext): Promise<Verdict> {
    const question = this.#question(entity, context);
    if (question === undefined) return this.inner.scan(entity, context);
    const known = this.#usable(question.cache.near(question.key), question.ttl);
    return known === undefined ? this.#ask(question) : Promise.resolve(this.#answer(known));
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
    const keys = [...this.#policies].map((policy) =>
      verdictKey(this.#keyed, this.inner.epoch, entity, {
        policy,
        url: undefined,
        host: undefined,
        identity: undefined,
      }),
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

  async #ask(question: Question): Promise<Verdict> {
    const { key, cache, ttl, context } = question;
    for (;;) {
      const flight = this.#flights.under(key.digest);
      if (flight === undefined) return this.#lead(question);
      const end = await flight.wait(context.signal);
      if (end === undefined) {
        return errorVerdict(VerdictReason.Timeout, `${this.name}: the transaction was aborted`);
      }
      const shared = this.#usable(end.remembered, ttl);
      // Whoever came after a purge must not be told what was begun before it.
      if (shared !== undefined && !cache.isPurged(key, shared)) {
        this.#options.metrics.scanAwaited("pod", SharingResult.Shared);
        return this.#answer(shared);
      }
      // The one who scanned left before the end: the next one takes over.
      if (end.abandoned) continue;
      this.#options.metrics.scanAwaited("pod", SharingResult.Alone);
      return (await this.#scan(question)).verdict;
    }
  }

  /** Asks the store, or scans, for all who come meanwhile. */
  #lead(question: Question): Promise<Verdict> {
    const { key, cache, ttl, context } = question;
    return this.#flights.fly(key.digest, async (end) => {
      const { signal, deadlineAt } = context;
      const accepts = (one: RememberedVerdict): boolean => this.#usable(one, ttl) !== undefined;
      const claim = await cache.claim(key, { accepts, signal, deadlineAt });
      if (claim.kind === "known") {
        end({ remembered: claim.remembered, abandoned: false });
        return this.#answer(claim.remembered);
      }
      let remembered: RememberedVerdict | undefined;
      try {
        const scanned = await this.#scanOrHear(question, claim.elsewhere);
        remembered = scanned.remembered;
        return scanned.verdict;
      } finally {
        // Remembered first: whoever comes after the flight finds it.
        claim.end(remembered);
        end({ remembered, abandoned: remembered === undefined && signal.aborted });
      }
    });
  }

  /** The verdict of this scan or of another process's, whichever comes first. */
  async #scanOrHear(question: Question, elsewhere: Elsewhere | undefined): Promise<Scanned> {
    if (elsewhere === undefined) return this.#scan(question);
    const { context } = question;
    const decided = new AbortController();
    const signal = AbortSignal.any([context.signal, decided.signal]);
    const own = this.#scan({ ...question, context: { ...context, signal } });
    const heard = elsewhere(signal).then((remembered) =>
      remembered === undefined ? own : { verdict: this.#answer(remembered), remembered },
    );
    const first = await Promise.race([own, heard]);
    decided.abort(NOT_NEEDED);
    if (first.verdict.cached) this.#abandon(own, context);
    return first;
  }

  /** A scan whose verdict nobody waits for has the entity's bytes until it has noticed. */
  #abandon(own: Promise<Scanned>, context: ScanContext): void {
    const release = context.retain?.();
    void own
      .then(({ verdict }) => verdict.replacement?.dispose())
      .catch(() => {})
      .finally(() => release?.());
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

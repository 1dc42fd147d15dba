import { randomUUID } from "node:crypto";
import type { Entity } from "../entity/index.ts";
import {
  type ClientIdentity,
  errorVerdict,
  pause,
  type ScanContext,
  type Verdict,
  VerdictKind,
  VerdictReason,
} from "../scanning/index.ts";
import { type BackgroundMetrics, HandOver, type Logger, ScanAsked } from "../telemetry/index.ts";
import { BackgroundScan, StopReason } from "./background-scan.ts";
import { type LateVerdict, recordLateVerdict } from "./late-verdict.ts";
import { EXPIRED, SCANNER_GONE, ScanCourse, type ScanCourseOptions } from "./scan-course.ts";
import { Holding, type ScanLedger, type TakenScan } from "./scan-ledger.ts";
import type { ScanRecord } from "./scan-record.ts";

export interface BackgroundLimits {
  /** Scans of this process, from admission to verdict. */
  readonly maxScans: number;
  /** Bytes that are kept for scanners which have not got them yet. */
  readonly maxBytes: number;
  /** Scans whose bytes are given to scanners at once. */
  readonly uploads: number;
}

export interface BackgroundTiming {
  /** As the ledger has it: leases are renewed three times in it. */
  readonly leaseMs: number;
  /** How often scans are looked for that nobody follows. */
  readonly lookMs: number;
}

export interface BackgroundScansOptions extends Pick<ScanCourseOptions, "scannerOf"> {
  /** Undefined: this process alone follows its scans. */
  readonly ledger: ScanLedger | undefined;
  readonly limits: BackgroundLimits;
  readonly timing: BackgroundTiming;
  readonly metrics: BackgroundMetrics;
  readonly logger: Logger;
  /** Called at the end of each scan, once on all pods as long as they can tell each other. Must not throw. */
  readonly onEnd: (late: LateVerdict) => void;
  /** Milliseconds since 1970, as `Date.now`. */
  readonly now?: () => number;
  /** As `pause` of scanning. */
  readonly wait?: ScanCourseOptions["wait"];
}

/** What is asked of one scan. */
export interface BackgroundTerms {
  /** Equal for what need not be scanned twice. */
  readonly key: string;
  readonly scannerKey: string;
  readonly scanner: string;
  readonly epoch: string;
  readonly identity: string | undefined;
  /** Its verdicts depend on who the user is. */
  readonly judgesUsers: boolean;
  readonly timeoutMs: number;
}

interface HeldEntity {
  readonly entity: Entity;
  readonly context: ScanContext;
  readonly release: () => void;
}

const PENDING: Verdict = {
  kind: VerdictKind.Pending,
  threats: [],
  message: "the scan goes on in the background",
};
const LOST = errorVerdict(
  VerdictReason.EngineError,
  "its pod ended, and no other can go on with it",
);

/** Taken over at one time, so that those of a pod that died spread over the others. */
const MAX_TAKEN = 32;
const REFUSAL_LOG_MS = 60_000;

/**
 * The scans that go on behind their answers: admitted within bounds, given to their scanners, followed
 * to their end, on another pod if need be, and told of.
 */
export class BackgroundScans {
  readonly #options: BackgroundScansOptions;
  readonly #course: ScanCourse;
  readonly #now: () => number;
  readonly #wait: ScanCourseOptions["wait"];
  readonly #scans = new Map<string, BackgroundScan>();
  readonly #running = new Set<Promise<void>>();
  readonly #timers: NodeJS.Timeout[] = [];
  #bytes = 0;
  #isLeaving = false;
  #isClosed = false;
  #refusalLoggedAt = Number.NEGATIVE_INFINITY;

  constructor(options: BackgroundScansOptions) {
    const { limits, scannerOf, now = Date.now, wait = pause } = options;
    this.#options = options;
    this.#now = now;
    this.#wait = wait;
    this.#course = new ScanCourse({ uploads: limits.uploads, scannerOf, now, wait });
  }

  /** Begins to look after scans of pods that died. */
  start(): void {
    const { ledger, timing } = this.#options;
    if (ledger === undefined) return;
    ledger.onOffer(() => void this.look());
    this.#every(timing.lookMs, () => this.look());
    this.#every(timing.leaseMs / 3, () => this.renew());
  }

  /** What is under way at this moment. */
  get usage(): { readonly scans: number; readonly bytes: number } {
    return { scans: this.#scans.size, bytes: this.#bytes };
  }

  /**
   * Takes a scan on, or joins one of the same that is under way; the scan begins once it is decided what
   * becomes of the message. `error` when that cannot be: there is no room for another.
   */
  admit(entity: Entity, context: ScanContext, terms: BackgroundTerms): Verdict {
    const { service, retain } = context;
    const { scanner } = terms;
    const known = this.#scans.get(terms.key);
    if (known !== undefined) {
      this.#options.metrics.backgroundScanAsked(service, scanner, ScanAsked.Joined);
      this.#track(this.#join(known, context));
      return PENDING;
    }
    if (this.#isFullFor(entity)) return this.#refuse(service, scanner);
    if (retain === undefined) {
      return errorVerdict(VerdictReason.EngineError, "the entity cannot be kept for a scan");
    }
    const scan = new BackgroundScan(terms.key, this.#recordOf(entity, context, terms));
    this.#scans.set(scan.key, scan);
    this.#bytes += entity.size;
    this.#track(this.#run(scan, { entity, context, release: retain() }));
    return PENDING;
  }

  /** Takes over scans that nobody follows. Never rejects. */
  async look(): Promise<void> {
    const { ledger, limits } = this.#options;
    const room = Math.min(limits.maxScans - this.#scans.size, MAX_TAKEN);
    if (ledger === undefined || this.#isLeaving || room <= 0) return;
    for (const taken of await ledger.take(room)) this.#takeOver(ledger, taken);
  }

  /** Renews the leases of this process, and stops what it has lost. Never rejects. */
  async renew(): Promise<void> {
    const { ledger } = this.#options;
    if (ledger === undefined) return;
    const held = [...this.#scans.values()].filter(({ isEntered }) => isEntered);
    await Promise.all(
      held.map(async (scan) => {
        const holding = await ledger.renew(scan.key, scan.record);
        if (holding === Holding.Theirs) scan.stop(StopReason.Fenced);
      }),
    );
  }

  /** Offers all jobs to the other pods, those to come too. Never rejects. */
  async handOver(): Promise<void> {
    this.#isLeaving = true;
    await Promise.all([...this.#scans.values()].map((scan) => this.#offer(scan)));
  }

  /** Hands over, and waits so long at most for the rest. Then it is closed. */
  async drain(timeoutMs: number): Promise<void> {
    await this.handOver();
    const over = new AbortController();
    await Promise.race([Promise.all(this.#running), this.#wait(timeoutMs, over.signal)]);
    over.abort();
    await this.close();
  }

  /** Ends at once; what no other pod can go on with is lost, and told of. Safe to call twice. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#isLeaving = true;
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
    for (const scan of this.#scans.values()) scan.stop(StopReason.Closing);
    await Promise.all(this.#running);
  }

  #isFullFor({ size }: Entity): boolean {
    const { maxScans, maxBytes } = this.#options.limits;
    return this.#isClosed || this.#scans.size >= maxScans || this.#bytes + size > maxBytes;
  }

  #refuse(service: string, scanner: string): Verdict {
    const { metrics, logger } = this.#options;
    metrics.backgroundScanAsked(service, scanner, ScanAsked.Refused);
    const now = performance.now();
    if (now - this.#refusalLoggedAt >= REFUSAL_LOG_MS) {
      this.#refusalLoggedAt = now;
      logger.warn("no room for another background scan", { service, scanner, ...this.usage });
    }
    const message = `${scanner}: no room for another scan in the background`;
    return errorVerdict(VerdictReason.Overload, message);
  }

  #recordOf(entity: Entity, context: ScanContext, terms: BackgroundTerms): ScanRecord {
    const { sha256, size, declaredType, fileName } = entity;
    const { service, url, host, policy, cacheTtl } = context;
    const { scannerKey, scanner, epoch, identity: configured, timeoutMs } = terms;
    const startedAt = this.#now();
    return {
      form: 1,
      id: randomUUID(),
      scannerKey,
      scanner,
      service,
      epoch,
      identity: configured,
      entity: { sha256, size, declaredType, fileName },
      context: { url, host, policy, ...identityOf(context, terms), cacheTtl },
      startedAt,
      expiresAt: startedAt + timeoutMs,
    };
  }

  async #join(scan: BackgroundScan, context: ScanContext): Promise<void> {
    const recipient = await scan.join(context, this.#now());
    if (recipient !== undefined) await this.#options.ledger?.note(scan.key, recipient);
  }

  async #run(scan: BackgroundScan, held: HeldEntity): Promise<void> {
    const verdict = await this.#scan(scan, held).finally(() => {
      this.#bytes -= held.entity.size;
      held.release();
    });
    if (verdict === undefined) return this.#forget(scan);
    const { job } = verdict;
    if (verdict.kind !== VerdictKind.Pending || job === undefined) {
      return this.#end(scan, verdict);
    }
    scan.record = { ...scan.record, job };
    await this.#options.ledger?.renew(scan.key, scan.record);
    if (this.#isLeaving) await this.#offer(scan);
    return this.#follow(scan);
  }

  /** Undefined when there is nothing to scan: nobody gets it, or another pod is at it. */
  async #scan(scan: BackgroundScan, { entity, context }: HeldEntity): Promise<Verdict | undefined> {
    const { metrics, ledger } = this.#options;
    const { service, scanner, startedAt } = scan.record;
    const recipient = await scan.join(context, startedAt);
    if (!scan.isWanted) {
      metrics.backgroundScanAsked(service, scanner, ScanAsked.NotNeeded);
      return undefined;
    }
    const holding = await ledger?.enter(scan.key, scan.record, recipient);
    if (holding === Holding.Theirs) {
      metrics.backgroundScanAsked(service, scanner, ScanAsked.Joined);
      return undefined;
    }
    scan.isEntered = true;
    metrics.backgroundScanAsked(service, scanner, ScanAsked.Started);
    return this.#course.upload(scan, entity, context);
  }

  async #follow(scan: BackgroundScan): Promise<void> {
    const verdict = await this.#course.follow(scan);
    if (verdict !== SCANNER_GONE) return this.#end(scan, verdict);
    const { ledger, timing, metrics } = this.#options;
    // Other pods may know the scanner still, or already.
    const isOffered = await ledger?.offer(scan.key, timing.leaseMs);
    if (isOffered !== true) return this.#end(scan, verdict);
    metrics.backgroundScanMoved(HandOver.Given);
    this.#forget(scan);
  }

  #takeOver(ledger: ScanLedger, { key, record }: TakenScan): void {
    // Its lease had run out while this very process was busy.
    if (this.#scans.has(key)) return;
    const { metrics, logger, scannerOf, timing } = this.#options;
    const { service, scanner, scannerKey, id, job } = record;
    const isOver = record.expiresAt <= this.#now();
    if (job !== undefined && !isOver && scannerOf(scannerKey)?.follow === undefined) {
      void ledger.offer(key, timing.leaseMs);
      return;
    }
    const scan = new BackgroundScan(key, record);
    this.#scans.set(key, scan);
    scan.isEntered = true;
    // Its bytes went with its pod; or nobody who is left knows its scanner.
    if (job === undefined || isOver) {
      this.#track(this.#end(scan, job === undefined ? LOST : EXPIRED));
      return;
    }
    metrics.backgroundScanMoved(HandOver.Taken);
    logger.info("background scan taken over", { service, scanner, scan: id });
    this.#track(this.#follow(scan));
  }

  /** Gives a job away, if another pod can know of it. */
  async #offer(scan: BackgroundScan): Promise<boolean> {
    const { ledger, metrics } = this.#options;
    if (ledger === undefined || scan.record.job === undefined) return false;
    if (scan.stopped === StopReason.Offered) return true;
    if (!(await ledger.offer(scan.key, 0))) return false;
    metrics.backgroundScanMoved(HandOver.Given);
    scan.stop(StopReason.Offered);
    return true;
  }

  /** Remembers the verdict and tells of it, unless that is another pod's to do. */
  async #end(scan: BackgroundScan, said: Verdict): Promise<void> {
    if (scan.stopped === StopReason.Offered) return this.#forget(scan);
    const isClosing = scan.stopped === StopReason.Closing;
    if (isClosing && (await this.#offer(scan))) return this.#forget(scan);
    const verdict = isClosing ? LOST : said;
    this.#remember(scan.record, verdict);
    this.#forget(scan);
    const { ledger, metrics, logger, onEnd } = this.#options;
    await scan.decided();
    const end = await ledger?.end(scan.key, verdict === LOST);
    if (end?.holding === Holding.Theirs) {
      metrics.backgroundScanMoved(HandOver.Fenced);
      return;
    }
    const recipients = scan.recipientsWith(end?.recipients ?? []);
    const late = { record: scan.record, verdict, endedAt: this.#now(), recipients };
    recordLateVerdict(late, { metrics, logger });
    onEnd(late);
  }

  #remember(record: ScanRecord, verdict: Verdict): void {
    const { scannerKey, entity, context, epoch, startedAt } = record;
    const scanner = this.#options.scannerOf(scannerKey);
    // What was remembered elsewhere keeps its age; what a scanner said that was configured otherwise
    // is nothing that this one has said.
    if (verdict.cached || scanner?.identity !== record.identity) return;
    const { sha256, size, declaredType, fileName } = entity;
    const about = { sha256, size, declaredType, fileName };
    const { url, host, policy, identity, cacheTtl } = context;
    scanner?.remember?.(
      about,
      { url, host, policy, cacheTtl, identity: identity as ClientIdentity | undefined },
      { verdict, epoch, begunAt: startedAt },
    );
  }

  #forget(scan: BackgroundScan): void {
    if (this.#scans.get(scan.key) === scan) this.#scans.delete(scan.key);
  }

  #track(run: Promise<void>): void {
    const tracked = run
      .catch((error: unknown) => {
        this.#options.logger.error("background scan failed", { why: String(error) });
      })
      .finally(() => this.#running.delete(tracked));
    this.#running.add(tracked);
  }

  #every(ms: number, work: () => Promise<void>): void {
    const timer = setInterval(() => void work(), ms);
    timer.unref();
    this.#timers.push(timer);
  }
}

/** Kept with the scan only where its verdict is to be found by it. */
function identityOf(
  { identity }: ScanContext,
  { judgesUsers }: BackgroundTerms,
): Pick<ScanRecord["context"], "identity"> {
  if (identity === undefined || !judgesUsers) return {};
  const { user, address, groups } = identity;
  return { identity: { user, address, groups: groups && [...groups] } };
}

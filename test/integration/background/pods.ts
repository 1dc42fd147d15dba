import {
  BackgroundScanner,
  BackgroundScans,
  type LateVerdict,
  RedisLedger,
} from "../../../src/background/index.ts";
import { ScanCache } from "../../../src/cache/index.ts";
import { ValueSeal } from "../../../src/cache/value-seal.ts";
import type { Entity } from "../../../src/entity/index.ts";
import {
  pause,
  type ScanContext,
  type Scanner,
  type Verdict,
} from "../../../src/scanning/index.ts";
import { noCacheMetrics, silentLogger } from "../../../src/telemetry/index.ts";
import { BackgroundMessage } from "../../support/background-message.ts";
import type { JobScanner } from "../../support/job-scanner.ts";
import { redisAccess } from "../../support/redis-cache.ts";

export interface PodOptions {
  readonly url: string;
  readonly prefix: string;
  readonly sandbox: JobScanner;
  readonly leaseMs?: number;
  readonly key?: Buffer;
}

/** One process of several: a cache, and a scanner in the background before it. */
export class Pod {
  readonly ends: LateVerdict[] = [];
  readonly moves: string[] = [];
  readonly asked: string[] = [];
  unverified = 0;
  readonly scans: BackgroundScans;
  /** False: this process is configured without the scanner. */
  knowsScanner = true;
  readonly #cache: ScanCache;
  readonly #cached: Scanner;
  readonly #scanner: BackgroundScanner;

  /** Whether this pod's own connection to Redis is there. */
  get hasRedis(): boolean {
    return this.#cache.connection?.isAvailable === true;
  }

  private constructor({ url, prefix, sandbox, leaseMs = 60_000, key }: PodOptions) {
    const keys = key === undefined ? [] : [key];
    this.#cache = new ScanCache({
      maxBytes: 1_000_000,
      maxAgeMs: 1,
      redis: redisAccess(url, { prefix }),
      keys,
      metrics: noCacheMetrics,
      logger: silentLogger,
    });
    const { connection } = this.#cache;
    if (connection === undefined) throw new Error("no connection to Redis");
    const about = { key: "IcapScanner/a/sandbox", identity: "sandbox@1" };
    this.#cached = this.#cache.decorate(sandbox, {
      ...about,
      rememberFromBytes: 0,
      shareFromBytes: 0,
    });
    this.scans = new BackgroundScans({
      ledger: new RedisLedger({
        connection,
        seal: new ValueSeal(keys),
        leaseMs,
        onUnverified: () => {
          this.unverified += 1;
        },
      }),
      limits: { maxScans: 100, maxBytes: 1_000_000, uploads: 4 },
      // The tests say when it looks; only offers are heard of by themselves.
      timing: { leaseMs: 3_000_000, lookMs: 3_000_000 },
      scannerOf: () => (this.knowsScanner ? this.#cached : undefined),
      metrics: {
        backgroundScanAsked: (_service, _scanner, result) => void this.asked.push(result),
        backgroundScanMoved: (how) => void this.moves.push(how),
        backgroundScanEnded: () => {},
      },
      logger: silentLogger,
      wait: (_ms, signal) => pause(1, signal),
      onEnd: (late) => this.ends.push(late),
    });
    this.#scanner = new BackgroundScanner(this.#cached, {
      name: "sandbox",
      key: about.key,
      timeoutMs: 900_000,
      policy: undefined,
      cacheTtl: { cleanMs: 60_000, blockedMs: 60_000 },
      scans: this.scans,
    });
  }

  static async start(options: PodOptions): Promise<Pod> {
    const pod = new Pod(options);
    await pod.#cache.start();
    pod.scans.start();
    return pod;
  }

  /** The verdict that a request gets, which is let pass where that is not `blocked`. */
  async request(entity: Entity, more: Partial<ScanContext> = {}): Promise<Verdict> {
    const message = new BackgroundMessage(more);
    const verdict = await this.#scanner.scan(entity, message.context);
    message.pass();
    return verdict;
  }

  /** Nothing of it reaches Redis or anybody any more, and nothing was released. */
  async die(): Promise<void> {
    await this.#cache.close();
    await this.scans.close();
    this.ends.length = 0;
  }

  look(): Promise<void> {
    return this.scans.look();
  }

  async stop(): Promise<void> {
    await this.scans.close();
    await this.#cache.close();
  }
}

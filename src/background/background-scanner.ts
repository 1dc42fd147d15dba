import { randomUUID } from "node:crypto";
import { verdictKey } from "../cache/index.ts";
import type { Entity } from "../entity/index.ts";
import {
  CacheScope,
  type ScanContext,
  type Scanner,
  unscannableVerdict,
  type Verdict,
  VerdictReason,
} from "../scanning/index.ts";
import type { BackgroundScans } from "./background-scans.ts";

export interface BackgroundScannerOptions {
  /** The name under which the service lists it. */
  readonly name: string;
  /** In the routing table. */
  readonly key: string;
  /** How long a verdict is waited for. */
  readonly timeoutMs: number;
  readonly policy: string | undefined;
  readonly cacheTtl: NonNullable<ScanContext["cacheTtl"]>;
  readonly scans: BackgroundScans;
}

/**
 * Gives the verdict that is known, and `pending` otherwise: then the scan goes on behind the answer, and
 * its verdict counts from the next request on. A scan that cannot be followed is not `pending` but
 * `error`.
 */
export class BackgroundScanner implements Scanner {
  readonly name: string;
  readonly #inner: Scanner;
  readonly #options: BackgroundScannerOptions;

  constructor(inner: Scanner, options: BackgroundScannerOptions) {
    this.name = options.name;
    this.#inner = inner;
    this.#options = options;
  }

  get epoch(): string {
    return this.#inner.epoch;
  }

  get maxBytes(): number {
    return this.#inner.maxBytes;
  }

  get cacheScope(): CacheScope {
    return this.#inner.cacheScope ?? CacheScope.Content;
  }

  async scan(entity: Entity, context: ScanContext): Promise<Verdict> {
    if (entity.size > this.maxBytes) {
      return unscannableVerdict(VerdictReason.Size, `${this.name} takes ${this.maxBytes} bytes`);
    }
    const { key, name, timeoutMs, policy, cacheTtl, scans } = this.#options;
    const asked = {
      ...context,
      policy,
      cacheTtl,
      takesReplacement: false,
      // These end with the transaction.
      early: undefined,
      deadlineAt: Number.POSITIVE_INFINITY,
    };
    const { epoch, identity } = this.#inner;
    const known = await this.#inner.recall?.(entity, asked);
    if (known !== undefined) return known;
    const keyed = { name: key, identity: `${key} ${identity ?? ""}`, scope: this.cacheScope };
    return scans.admit(entity, asked, {
      key: verdictKey(keyed, epoch, entity, asked)?.digest ?? randomUUID(),
      scannerKey: key,
      scanner: name,
      epoch,
      identity,
      judgesUsers: this.cacheScope === CacheScope.User,
      timeoutMs,
    });
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}

import type { Entity } from "../entity/index.ts";
import type { Verdict } from "./verdict.ts";

/** An entity whose first bytes are here and whose rest is still to come: neither length nor hash is known. */
export interface ArrivingEntity extends Pick<Entity, "fileName" | "declaredType" | "detectedType"> {
  /** The bytes from the first to the last, as they come; again for every reader. */
  read(): AsyncIterable<Buffer>;
  /** Keeps them valid until the function that it returns is called. */
  retain(): () => void;
}

/** A scan that began before the end of the entity. */
export interface EarlyScan {
  /** Of the scanner when the scan began. */
  readonly epoch: string;
  /** Never rejects. */
  readonly verdict: Promise<Verdict>;
  /** Its time is that of the transaction from now on. */
  adopt(): void;
  /** @param reason left out: nobody needs its verdict */
  stop(reason?: unknown): void;
}

/**
 * The scans of one entity that began before its end, until the scanner is asked for its verdict or
 * the transaction is over.
 */
export class EarlyScans {
  readonly #scans = new Map<object, Map<string | undefined, EarlyScan>>();
  readonly #blocked = Promise.withResolvers<Verdict>();
  #sha256: string | undefined;
  #isOver = false;

  /** The first verdict that decides alone, if there is one: nobody has to wait for the end of the entity. */
  get blocked(): Promise<Verdict> {
    return this.#blocked.promise;
  }

  has(scanner: object, policy: string | undefined): boolean {
    return this.#scans.get(scanner)?.has(policy) ?? false;
  }

  /** @param decides what it blocks is blocked, whatever others say */
  add(
    scanner: object,
    policy: string | undefined,
    scan: EarlyScan & { readonly decides: boolean },
  ): void {
    const byPolicy = this.#scans.get(scanner) ?? new Map<string | undefined, EarlyScan>();
    this.#scans.set(scanner, byPolicy.set(policy, scan));
    if (!scan.decides) return;
    void scan.verdict.then((verdict) => {
      if (verdict.kind === "blocked" && !this.#isOver) this.#blocked.resolve(verdict);
    });
  }

  /** All of the entity is here, and this is its hash. */
  arrived(sha256: string): void {
    this.#sha256 = sha256;
  }

  /** The scan is the caller's from now on; undefined for another entity than the one that arrived. */
  take(
    scanner: object,
    policy: string | undefined,
    { sha256 }: Pick<Entity, "sha256">,
  ): EarlyScan | undefined {
    if (sha256 !== this.#sha256) return undefined;
    const byPolicy = this.#scans.get(scanner);
    const scan = byPolicy?.get(policy);
    byPolicy?.delete(policy);
    return scan;
  }

  /** Stops what nobody has asked for. Safe to call twice. */
  end(): void {
    this.#isOver = true;
    for (const byPolicy of this.#scans.values()) {
      for (const scan of byPolicy.values()) scan.stop();
    }
    this.#scans.clear();
  }
}

import type { Entity } from "../entity/index.ts";
import type { ScanContext, Scanner, ScanStage } from "./scanner.ts";
import type { CacheScope, Verdict } from "./verdict.ts";

/**
 * A scanner with behaviour added: what a decorator does not change is the inner scanner's. A decorator
 * overrides `scan`, and the rest where it says something else.
 */
export abstract class DecoratedScanner implements Scanner {
  protected readonly inner: Scanner;
  /** Present when the inner scanner has it: whoever asks for jobs looks for this member. */
  readonly follow?: NonNullable<Scanner["follow"]>;
  /** Likewise. */
  readonly remember?: NonNullable<Scanner["remember"]>;
  /** Likewise. */
  readonly recall?: NonNullable<Scanner["recall"]>;
  /** Likewise; a decorator that sees more in it puts its own in place. */
  screen?: NonNullable<Scanner["screen"]>;

  /** Likewise; a decorator that changes the context puts its own in place. */
  begin?: NonNullable<Scanner["begin"]>;

  constructor(inner: Scanner) {
    this.inner = inner;
    if (inner.begin !== undefined) this.begin = inner.begin.bind(inner);
    if (inner.screen !== undefined) this.screen = inner.screen.bind(inner);
    if (inner.follow !== undefined) this.follow = inner.follow.bind(inner);
    if (inner.remember !== undefined) this.remember = inner.remember.bind(inner);
    if (inner.recall !== undefined) this.recall = inner.recall.bind(inner);
  }

  get name(): string {
    return this.inner.name;
  }

  get epoch(): string {
    return this.inner.epoch;
  }

  get identity(): string | undefined {
    return this.inner.identity;
  }

  get maxBytes(): number {
    return this.inner.maxBytes;
  }

  get cacheScope(): CacheScope {
    return this.inner.cacheScope ?? "content";
  }

  get takesArriving(): boolean {
    return this.inner.takesArriving ?? false;
  }

  get stages(): readonly ScanStage[] {
    return this.inner.stages ?? [];
  }

  abstract scan(entity: Entity, context: ScanContext): Promise<Verdict>;

  close(): Promise<void> {
    return this.inner.close();
  }
}

import type { Entity } from "../../src/entity/index.ts";
import {
  type FollowContext,
  type JudgedContext,
  type JudgedEntity,
  type ScanContext,
  type Scanner,
  type Verdict,
  VerdictKind,
} from "../../src/scanning/index.ts";

/** The verdict with nothing but its kind. */
export function verdictOf(kind: VerdictKind, more: Partial<Verdict> = {}): Verdict {
  return { kind, threats: [], ...more };
}

/**
 * Stands for a scanner elsewhere that several pods ask: gives a job for every entity, and comes to its
 * verdict when the test says so.
 */
export class JobScanner implements Scanner {
  readonly name = "sandbox";
  epoch = "1";
  readonly maxBytes = 1000;
  readonly uploads: { readonly entity: Entity; readonly context: ScanContext }[] = [];
  readonly follows: string[] = [];
  readonly remembered: { entity: JudgedEntity; context: JudgedContext; verdict: Verdict }[] = [];
  upload: (entity: Entity, context: ScanContext) => Promise<Verdict> | Verdict = (entity) =>
    verdictOf(VerdictKind.Pending, { job: `job of ${entity.sha256}` });
  /** What a follower waits for; left out: what the test concludes. */
  slow: Promise<Verdict> | undefined;
  #verdict = Promise.withResolvers<Verdict>();

  /** Every scan that is followed comes to this. */
  conclude(verdict: Verdict): void {
    this.#verdict.resolve(verdict);
  }

  async scan(entity: Entity, context: ScanContext): Promise<Verdict> {
    this.uploads.push({ entity, context });
    return this.upload(entity, context);
  }

  follow(job: string, { signal }: FollowContext): Promise<Verdict> {
    this.follows.push(job);
    const pending = verdictOf(VerdictKind.Pending, { job });
    return new Promise((resolve) => {
      signal.addEventListener("abort", () => resolve(pending), { once: true });
      if (signal.aborted) resolve(pending);
      void (this.slow ?? this.#verdict.promise).then(resolve);
    });
  }

  remember(entity: JudgedEntity, context: JudgedContext, { verdict }: { verdict: Verdict }): void {
    this.remembered.push({ entity, context, verdict });
  }

  async close(): Promise<void> {}
}

import type { Entity } from "../entity/index.ts";
import { DecoratedScanner } from "./decorated-scanner.ts";
import type { ScanContext, Scanner } from "./scanner.ts";
import type { Verdict } from "./verdict.ts";

/** Asks a scanner under the profile that a service has chosen for it. */
export class PolicyScanner extends DecoratedScanner {
  readonly #policy: string;

  constructor(inner: Scanner, policy: string) {
    super(inner);
    this.#policy = policy;
    const begin = inner.begin?.bind(inner);
    if (begin !== undefined) {
      this.begin = (arriving, context) => begin(arriving, { ...context, policy });
    }
  }

  scan(entity: Entity, context: ScanContext): Promise<Verdict> {
    return this.inner.scan(entity, { ...context, policy: this.#policy });
  }
}

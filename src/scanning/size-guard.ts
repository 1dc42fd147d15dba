import type { Entity } from "../entity/index.ts";
import { DecoratedScanner } from "./decorated-scanner.ts";
import type { ScanContext, Scanner } from "./scanner.ts";
import { unscannableVerdict, type Verdict, VerdictReason } from "./verdict.ts";

export interface SizeGuardOptions {
  /** Entities above this are not scanned. The scanner's own `maxBytes` holds when it is smaller. */
  readonly maxBytes: number;
}

/** Answers `unscannable`/`size` for entities that are larger than the scanner takes. */
export class SizeGuard extends DecoratedScanner {
  readonly #maxBytes: number;

  constructor(inner: Scanner, options: SizeGuardOptions) {
    super(inner);
    this.#maxBytes = Math.min(options.maxBytes, inner.maxBytes);
  }

  override get maxBytes(): number {
    return this.#maxBytes;
  }

  async scan(entity: Entity, context: ScanContext): Promise<Verdict> {
    if (entity.size > this.maxBytes) {
      return unscannableVerdict(
        VerdictReason.Size,
        `entity of ${entity.size} bytes is larger than the ${this.maxBytes} that ${this.name} takes`,
      );
    }
    return this.inner.scan(entity, context);
  }
}

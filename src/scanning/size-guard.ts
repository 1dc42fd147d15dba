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
    this.#maxBytes = options.maxBytes;
  }

  /** Of now: a scanner elsewhere may come to take more, or less. */
  override get maxBytes(): number {
    return Math.min(this.#maxBytes, this.inner.maxBytes);
  }

  async scan(entity: Entity, context: ScanContext): Promise<Verdict> {
    const { maxBytes } = this;
    if (entity.size > maxBytes) {
      return unscannableVerdict(
        VerdictReason.Size,
        `entity of ${entity.size} bytes is larger than the ${maxBytes} that ${this.name} takes`,
      );
    }
    return this.inner.scan(entity, context);
  }
}

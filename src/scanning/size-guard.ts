import type { Entity } from "../entity/index.ts";
import type { ScanContext, Scanner } from "./scanner.ts";
import { unscannableVerdict, type Verdict, VerdictReason } from "./verdict.ts";

export interface SizeGuardOptions {
  /** Entities above this are not scanned. The scanner's own `maxBytes` holds when it is smaller. */
  readonly maxBytes: number;
}

/** Answers `unscannable`/`size` for entities that are larger than the scanner takes. */
export class SizeGuard implements Scanner {
  readonly maxBytes: number;
  readonly #inner: Scanner;

  constructor(inner: Scanner, options: SizeGuardOptions) {
    this.#inner = inner;
    this.maxBytes = Math.min(options.maxBytes, inner.maxBytes);
  }

  get name(): string {
    return this.#inner.name;
  }

  get epoch(): string {
    return this.#inner.epoch;
  }

  async scan(entity: Entity, context: ScanContext): Promise<Verdict> {
    if (entity.size > this.maxBytes) {
      return unscannableVerdict(
        VerdictReason.Size,
        `entity of ${entity.size} bytes is larger than the ${this.maxBytes} that ${this.name} takes`,
      );
    }
    return this.#inner.scan(entity, context);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}

import type { ScanContext } from "../../../src/scanning/index.ts";

/** Counts who holds the bytes of an entity. */
export class HeldBytes {
  /** Now. */
  holders = 0;
  /** Ever. */
  taken = 0;

  readonly retain = (): (() => void) => {
    this.holders += 1;
    this.taken += 1;
    return () => {
      this.holders -= 1;
    };
  };

  /** The context, with this for what the transaction keeps. */
  in(context: ScanContext): ScanContext {
    return { ...context, retain: this.retain };
  }
}

import type { Decision, ScanContext } from "../../src/scanning/index.ts";
import { scanContext } from "./samples/entities.ts";

/** A message whose scan goes on behind its answer. */
export class BackgroundMessage {
  /** Times that its bytes were kept and not let go of. */
  held = 0;
  readonly context: ScanContext;
  #listener: ((decision: Decision) => void) | undefined;

  constructor(more: Partial<ScanContext> = {}) {
    this.context = {
      ...scanContext(),
      retain: () => {
        this.held += 1;
        return () => {
          this.held -= 1;
        };
      },
      onDecided: (listener) => {
        this.#listener = listener;
      },
      ...more,
    };
  }

  /** It goes on to its receiver. */
  pass(): void {
    this.#listener?.({ passes: true, isCondemned: false });
  }

  /** It does not, since the verdict is not known. */
  park(): void {
    this.#listener?.({ passes: false, isCondemned: false });
  }

  /** It does not, since another scanner blocks it. */
  condemn(): void {
    this.#listener?.({ passes: false, isCondemned: true });
  }
}

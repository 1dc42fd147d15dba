import { detectType, type Entity } from "../entity/index.ts";
import type { Replacement } from "./verdict.ts";

/**
 * A replacement whose bytes are valid until its owner has disposed it and nobody who was lent them
 * holds them any more: the maker's `dispose` is called then, once.
 */
export class HeldReplacement implements Replacement {
  readonly body: Replacement["body"];
  readonly mediaType?: string;
  readonly #made: Replacement;
  #holds = 1;
  #isDisposed = false;

  constructor(made: Replacement) {
    this.#made = made;
    this.body = made.body;
    if (made.mediaType !== undefined) this.mediaType = made.mediaType;
  }

  /** Keeps the bytes until the function that it returns is called. */
  retain(): () => void {
    this.#holds += 1;
    let isHeld = true;
    return () => {
      if (isHeld) this.#let();
      isHeld = false;
    };
  }

  dispose(): void {
    if (!this.#isDisposed) this.#let();
    this.#isDisposed = true;
  }

  /** The replacement as what the next scanner is asked about. */
  entity(original: Entity): Entity {
    const { content, size, sha256, head } = this.body;
    const declaredType = this.mediaType ?? original.declaredType;
    const detectedType = detectType(head);
    return { ...original, content, size, sha256, declaredType, detectedType };
  }

  #let(): void {
    this.#holds -= 1;
    if (this.#holds === 0) this.#made.dispose();
  }
}

import type { Entity } from "../entity/index.ts";
import { combineVerdicts } from "./combine.ts";
import type { ScanContext, Scanner } from "./scanner.ts";
import { SizeGuard } from "./size-guard.ts";
import { errorVerdict, type Verdict, VerdictKind, VerdictReason } from "./verdict.ts";

/** What one scanner of a set said. */
export interface ScannerAnswer {
  readonly scanner: string;
  readonly verdict: Verdict;
}

export interface ScannerSetOptions {
  readonly name: string;
  /**
   * Called for each answer as it comes, for logs and metrics; not for the answers of scanners that
   * were told to stop. Must not throw.
   */
  readonly onAnswer?: (answer: ScannerAnswer, context: ScanContext) => void;
}

/**
 * Asks several scanners at once and combines what they say (`combineVerdicts`). As soon as one
 * blocks, the verdict is out and the others are told to stop. Each scanner sees only entities
 * within its own `maxBytes`; for the others it counts as `unscannable`/`size`.
 */
export class ScannerSet implements Scanner {
  readonly name: string;
  readonly #scanners: readonly Scanner[];
  readonly #guarded: readonly Scanner[];
  readonly #onAnswer: (answer: ScannerAnswer, context: ScanContext) => void;

  constructor(scanners: readonly Scanner[], options: ScannerSetOptions) {
    this.name = options.name;
    this.#scanners = scanners;
    this.#guarded = scanners.map((scanner) => new SizeGuard(scanner, { maxBytes: Infinity }));
    this.#onAnswer = options.onAnswer ?? (() => {});
  }

  /** The epochs of all, so that it changes when one of them does. */
  get epoch(): string {
    return this.#scanners
      .map((scanner) => `${scanner.name}=${scanner.epoch}`)
      .sort()
      .join(";");
  }

  get maxBytes(): number {
    return Math.max(0, ...this.#scanners.map((scanner) => scanner.maxBytes));
  }

  async scan(entity: Entity, context: ScanContext): Promise<Verdict> {
    const cancellation = new AbortController();
    const cancel = (): void => cancellation.abort();
    context.signal.addEventListener("abort", cancel, { once: true });
    if (context.signal.aborted) cancel();
    try {
      return await this.#firstBlockOrAll(entity, { ...context, signal: cancellation.signal });
    } finally {
      context.signal.removeEventListener("abort", cancel);
      cancel();
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#scanners.map((scanner) => scanner.close()));
  }

  #firstBlockOrAll(entity: Entity, context: ScanContext): Promise<Verdict> {
    const { promise, resolve } = Promise.withResolvers<Verdict>();
    const said: Verdict[] = [];
    let decided = false;
    const asked = this.#guarded.map(async (scanner, index) => {
      const verdict = attributed(await ask(scanner, entity, context), scanner.name);
      if (decided) return;
      this.#onAnswer({ scanner: scanner.name, verdict }, context);
      said[index] = verdict;
      decided = verdict.kind === VerdictKind.Blocked;
      if (decided) resolve(combineVerdicts(Object.values(said)));
    });
    void Promise.all(asked).then(() => resolve(combineVerdicts(said)));
    return promise;
  }
}

async function ask(scanner: Scanner, entity: Entity, context: ScanContext): Promise<Verdict> {
  try {
    return await scanner.scan(entity, context);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return errorVerdict(VerdictReason.EngineError, `${scanner.name} failed: ${why}`);
  }
}

/** Threats that do not say which engine found them carry the scanner's name. */
function attributed(verdict: Verdict, engine: string): Verdict {
  return { ...verdict, threats: verdict.threats.map((threat) => ({ engine, ...threat })) };
}

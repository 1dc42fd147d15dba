import type { Entity } from "../entity/index.ts";
import { ask, epochOf, guarded, type Member, type ScannerAnswer } from "./ask.ts";
import { combineVerdicts, distinctThreats } from "./combine.ts";
import type { ArrivingEntity } from "./early-scans.ts";
import { HeldReplacement } from "./held-replacement.ts";
import type { EarlyContext, ScanContext, Scanner } from "./scanner.ts";
import { isOpinion } from "./strategy.ts";
import { errorVerdict, type Verdict, VerdictKind, VerdictReason } from "./verdict.ts";

export interface ModifyingScannerOptions {
  readonly name: string;
  /** Who judges first; undefined: nothing speaks against the entity. */
  readonly judge: Scanner | undefined;
  /** In the order in which they work, each with a deadline of its own. */
  readonly modifiers: readonly Member[];
  /** Whether the service lets an entity pass that was judged so. */
  readonly passes: (verdict: Verdict) => boolean;
  /** Called for each answer of a modifier, for logs and metrics. Must not throw. */
  readonly onAnswer?: (answer: ScannerAnswer, context: ScanContext) => void;
}

const CLEAN: Verdict = { kind: VerdictKind.Clean, threats: [] };

/**
 * Lets modifiers work, one after the other, on what the judge lets pass: each is given what the one
 * before it made. Nothing judges the result again. A modifier that blocks, or is required and fails,
 * ends it; what else it says is in `also` of the verdict, so that the service's policy decides.
 */
export class ModifyingScanner implements Scanner {
  readonly name: string;
  readonly #judge: Scanner | undefined;
  readonly #modifiers: readonly Member[];
  readonly #passes: (verdict: Verdict) => boolean;
  readonly #onAnswer: (answer: ScannerAnswer, context: ScanContext) => void;

  constructor(options: ModifyingScannerOptions) {
    this.name = options.name;
    this.#judge = options.judge;
    this.#modifiers = options.modifiers.map(guarded);
    this.#passes = options.passes;
    this.#onAnswer = options.onAnswer ?? (() => {});
  }

  get epoch(): string {
    const modifiers = epochOf(this.#modifiers.map(({ scanner }) => scanner));
    return `${this.#judge?.epoch ?? ""}>${modifiers}`;
  }

  get maxBytes(): number {
    return this.#judge?.maxBytes ?? Number.POSITIVE_INFINITY;
  }

  /** Modifiers wait for the judge, and for the end. */
  begin(arriving: ArrivingEntity, context: EarlyContext): void {
    this.#judge?.begin?.(arriving, context);
  }

  async scan(entity: Entity, context: ScanContext): Promise<Verdict> {
    const judged = this.#judge === undefined ? CLEAN : await this.#judge.scan(entity, context);
    if (!this.#passes(judged)) return judged;
    const work = new Work(entity, judged);
    for (const modifier of this.#modifiers) {
      const { name, required } = modifier;
      const verdict = modifierVerdict(await work.giveTo(modifier, context), name);
      this.#onAnswer({ scanner: name, required, verdict }, context);
      work.take(verdict, required);
      if (endsAll(verdict, required)) return work.end();
      if (context.signal.aborted) return work.end(timeUp(this.name));
    }
    return work.result();
  }

  async close(): Promise<void> {
    const modifiers = this.#modifiers.map(({ scanner }) => scanner.close());
    await Promise.all([this.#judge?.close(), ...modifiers]);
  }
}

/** One entity on its way through the modifiers. */
class Work {
  readonly #original: Entity;
  readonly #said: Verdict[];
  #made: HeldReplacement | undefined;
  #modified: Verdict | undefined;

  constructor(original: Entity, judged: Verdict) {
    this.#original = original;
    this.#said = [judged];
  }

  /** Asks a modifier about the entity as it is now. */
  giveTo({ scanner }: Member, context: ScanContext): Promise<Verdict> {
    const made = this.#made;
    if (made === undefined) return ask(scanner, this.#original, context);
    const retain = (): (() => void) => made.retain();
    return ask(scanner, made.entity(this.#original), { ...context, retain });
  }

  take(verdict: Verdict, isRequired: boolean): void {
    if (verdict.replacement !== undefined) {
      this.#made?.dispose();
      this.#made = new HeldReplacement(verdict.replacement);
      this.#modified = verdict;
    } else if (isRequired || isOpinion(verdict)) {
      this.#said.push(verdict);
    }
  }

  /** What was made is of no use. */
  end(...more: readonly Verdict[]): Verdict {
    this.#made?.dispose();
    return combineVerdicts([...this.#said, ...more]);
  }

  result(): Verdict {
    const said = combineVerdicts(this.#said);
    if (this.#made === undefined || this.#modified === undefined) return said;
    const also = [said.kind, ...(said.also ?? [])].filter((kind) => kind !== VerdictKind.Clean);
    return {
      ...this.#modified,
      threats: distinctThreats([...this.#said, this.#modified]),
      replacement: this.#made,
      ...(also.length > 0 && { also }),
    };
  }
}

/** What ends the work of all: a block, and the failure of a modifier that is needed. */
function endsAll({ kind }: Verdict, isRequired: boolean): boolean {
  return kind === VerdictKind.Blocked || (isRequired && kind === VerdictKind.Error);
}

/** A replacement belongs to `modified`, and `modified` has one: else the modifier cannot be believed. */
function modifierVerdict(verdict: Verdict, modifier: string): Verdict {
  if ((verdict.kind === VerdictKind.Modified) === (verdict.replacement !== undefined))
    return verdict;
  verdict.replacement?.dispose();
  const message = `${modifier}: the verdict ${verdict.kind} and what came with it contradict each other`;
  return errorVerdict(VerdictReason.EngineError, message);
}

function timeUp(name: string): Verdict {
  return errorVerdict(VerdictReason.Timeout, `${name}: the transaction was aborted`);
}

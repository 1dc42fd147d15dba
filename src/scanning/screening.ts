import type { Entity } from "../entity/index.ts";
import { ask as askWhole, attributed } from "./ask.ts";
import { type Beginning, type ScanContext, type Scanner, ScanStage } from "./scanner.ts";
import { type CombineStrategy, decide, type JudgeAnswer } from "./strategy.ts";
import { type Verdict, VerdictKind } from "./verdict.ts";

/** One of the judges of a service, as it is asked about beginnings. */
export interface ScreeningMember {
  readonly scanner: Scanner;
  /** The same, as it is asked about what is whole. */
  readonly judge: Scanner;
  readonly required: boolean;
  readonly timeoutMs: number;
  readonly policy: string | undefined;
}

export interface ScreeningOptions {
  readonly strategy: CombineStrategy;
  /** Nobody beside the judges wants to see the entity: `clean` settles it too. */
  readonly settlesClean: boolean;
}

/**
 * Asks the judges of a service about the beginning of an entity. It comes to a verdict only where
 * theirs is certain whatever those would say who were not asked or could not tell.
 */
export class Screening {
  readonly #members: readonly ScreeningMember[];
  readonly #options: ScreeningOptions;

  constructor(members: readonly ScreeningMember[], options: ScreeningOptions) {
    this.#members = members;
    this.#options = options;
  }

  /** Somebody may decide at this stage. */
  has(stage: ScanStage): boolean {
    return this.#members.some(({ scanner }) => isAskedAt(scanner, stage));
  }

  /**
   * `clean` or `blocked`; undefined: the whole entity is needed. Never rejects.
   *
   * @param beginnings in the order in which they are asked about
   */
  async decide(
    beginnings: readonly Beginning[],
    context: ScanContext,
  ): Promise<Verdict | undefined> {
    const answers = new Map<ScreeningMember, JudgeAnswer>();
    for (const beginning of beginnings) {
      const asked = this.#members.filter(
        (member) => !answers.has(member) && isAskedAt(member.scanner, beginning.stage),
      );
      await Promise.all(
        asked.map(async (member) => {
          const verdict = await ask(member, beginning, context);
          if (verdict !== undefined) answers.set(member, { verdict, required: member.required });
        }),
      );
      const verdict = this.#certain(answers);
      if (verdict !== undefined || context.signal.aborted) return verdict;
    }
    return undefined;
  }

  /**
   * The judgement of a message that is nothing but heads, by those who judge by them; undefined when
   * nobody does. A scanner that fails is a doubt, as with any entity. Never rejects.
   *
   * @param nothing the entity that is not there, with what the heads say of it
   */
  async judgeHeads(nothing: Entity, context: ScanContext): Promise<Verdict | undefined> {
    const asked = this.#members.filter(({ scanner }) => isAskedAt(scanner, ScanStage.Headers));
    if (asked.length === 0) return undefined;
    const answers = await Promise.all(
      asked.map(async ({ judge, required, policy }) => {
        const verdict = await askWhole(judge, nothing, { ...context, policy });
        return { verdict, required };
      }),
    );
    return decide(this.#options.strategy, answers, 0);
  }

  #certain(answers: ReadonlyMap<ScreeningMember, JudgeAnswer>): Verdict | undefined {
    const { strategy, settlesClean } = this.#options;
    const inOrder = this.#members.map((member) => answers.get(member));
    const given = inOrder.filter((answer) => answer !== undefined);
    if (given.length === 0) return undefined;
    const verdict = decide(strategy, given, this.#members.length - given.length);
    if (verdict?.kind === VerdictKind.Blocked) return verdict;
    return settlesClean && verdict?.kind === VerdictKind.Clean ? verdict : undefined;
  }
}

function isAskedAt({ stages, screen }: Scanner, stage: ScanStage): boolean {
  return screen !== undefined && stages?.includes(stage) === true;
}

async function ask(
  { scanner, timeoutMs, policy }: ScreeningMember,
  beginning: Beginning,
  context: ScanContext,
): Promise<Verdict | undefined> {
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(timeoutMs)]);
  const own = performance.now() + timeoutMs;
  const deadlineAt = Math.min(own, context.deadlineAt ?? own);
  try {
    const verdict = await scanner.screen?.(beginning, { ...context, policy, signal, deadlineAt });
    return verdict === undefined ? undefined : attributed(verdict, scanner.name);
  } catch {
    // As good as one that cannot tell: it is asked again, with the whole entity.
    return undefined;
  }
}

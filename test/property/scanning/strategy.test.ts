import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CombineStrategy, type Verdict, VerdictKind } from "../../../src/scanning/index.ts";
import { decide, type JudgeAnswer } from "../../../src/scanning/strategy.ts";

const verdicts = fc.record(
  {
    kind: fc.constantFrom(...Object.values(VerdictKind)).filter((kind) => kind !== "modified"),
    threats: fc.constant([]),
    score: fc.double({ min: 0, max: 1, noNaN: true }),
  },
  { requiredKeys: ["kind", "threats"] },
);
const answers: fc.Arbitrary<JudgeAnswer> = fc.record({
  verdict: verdicts,
  required: fc.boolean(),
});
const lists = fc.array(answers, { minLength: 1, maxLength: 7 });
const threshold = fc.double({ min: 0.01, max: 1, noNaN: true });
/** All but First, which goes by who is faster. */
const timeless: fc.Arbitrary<CombineStrategy> = fc.oneof(
  fc.constant({ type: "AnyBlocks" } as const),
  fc.record({ type: fc.constant("Quorum" as const), count: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ type: fc.constant("Score" as const), threshold }),
);
const strategies = fc.oneof(timeless, fc.constant({ type: "First" } as const));

const decided = (strategy: CombineStrategy, said: readonly JudgeAnswer[]): Verdict => {
  const verdict = decide(strategy, said, 0);
  if (verdict === undefined) throw new Error("all have answered, and it is not certain");
  return verdict;
};

/** What a policy can see of a verdict. */
function seen({ kind, also = [] }: Verdict): string {
  const opinion = kind === "blocked" || kind === "clean";
  return [kind, ...(opinion ? [] : also)].join();
}

const blocked: JudgeAnswer = { verdict: { kind: "blocked", threats: [] }, required: true };
const clean: JudgeAnswer = { verdict: { kind: "clean", threats: [] }, required: true };

/** Whether the quorum can be reached by required judges, as every resource has it. */
function isServed(strategy: CombineStrategy, said: readonly JudgeAnswer[]): boolean {
  if (strategy.type !== "Quorum") return true;
  return said.filter(({ required }) => required).length >= strategy.count;
}

describe("a strategy", () => {
  it("is certain when all have answered", () => {
    fc.assert(
      fc.property(strategies, lists, (strategy, said) => {
        expect(decide(strategy, said, 0)).toBeDefined();
      }),
    );
  });

  it("never says anything else once it is certain", () => {
    fc.assert(
      fc.property(timeless, lists, lists, (strategy, said, more) => {
        const all = [...said, ...more];
        fc.pre(isServed(strategy, all));
        const early = decide(strategy, said, more.length);
        fc.pre(early !== undefined);
        expect(seen(decided(strategy, all))).toBe(seen(early));
      }),
    );
  });

  it("goes by what was said, not by who said it first", () => {
    const shuffled = lists.chain((said) =>
      fc.tuple(fc.constant(said), fc.shuffledSubarray(said, { minLength: said.length })),
    );
    fc.assert(
      fc.property(timeless, shuffled, (strategy, [said, other]) => {
        expect(seen(decided(strategy, other))).toBe(seen(decided(strategy, said)));
      }),
    );
  });

  it("AnyBlocks never passes what one judge blocks, required or not", () => {
    fc.assert(
      fc.property(lists, fc.nat(), fc.boolean(), (said, at, required) => {
        const all = said.toSpliced(at % (said.length + 1), 0, { ...blocked, required });
        expect(decided({ type: "AnyBlocks" }, all).kind).toBe("blocked");
      }),
    );
  });

  it("does not become milder by one more judge that blocks", () => {
    fc.assert(
      fc.property(timeless, lists, (strategy, said) => {
        fc.pre(isServed(strategy, said));
        const { kind } = decided(strategy, said);
        const more = decided(strategy, [...said, blocked]).kind;
        if (kind === "blocked") expect(more).toBe("blocked");
        if (kind !== "clean" && kind !== "unknown") expect(more).not.toBe("clean");
      }),
    );
  });

  it("does not block for one more judge that says clean", () => {
    fc.assert(
      fc.property(timeless, lists, (strategy, said) => {
        fc.pre(decided(strategy, said).kind !== "blocked");
        expect(decided(strategy, [...said, clean]).kind).not.toBe("blocked");
      }),
    );
  });

  it("never makes clean of failures alone", () => {
    const failures = fc.constantFrom(...(["error", "unscannable", "pending", "unknown"] as const));
    const failed = fc.record({
      verdict: failures.map((kind) => ({ kind, threats: [] })),
      required: fc.boolean(),
    });
    fc.assert(
      fc.property(
        strategies,
        fc.array(failed, { minLength: 1, maxLength: 5 }),
        (strategy, said) => {
          fc.pre(isServed(strategy, said));
          expect(decided(strategy, said).kind).not.toBe("clean");
        },
      ),
    );
  });

  it("AnyBlocks and a quorum of one are the same", () => {
    fc.assert(
      fc.property(lists, (said) => {
        const one = { type: "Quorum", count: 1 } as const;
        fc.pre(isServed(one, said));
        expect(seen(decided(one, said))).toBe(seen(decided({ type: "AnyBlocks" }, said)));
      }),
    );
  });

  it("names every doubt that AnyBlocks counts, so that a policy can weigh each", () => {
    fc.assert(
      fc.property(lists, (said) => {
        const verdict = decided({ type: "AnyBlocks" }, said);
        fc.pre(verdict.kind !== "blocked");
        const named = [verdict.kind, ...(verdict.also ?? [])];
        const doubts = said.filter(
          (one) =>
            one.verdict.kind !== "clean" && (one.required || one.verdict.kind === "suspicious"),
        );
        for (const doubt of doubts) expect(named).toContain(doubt.verdict.kind);
      }),
    );
  });
});

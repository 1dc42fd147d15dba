import { beforeEach, describe, expect, it } from "vitest";
import type { Entity } from "../../../src/entity/index.ts";
import {
  DeadlineScanner,
  type Member,
  ModifyingScanner,
  type ScanContext,
  type Scanner,
  type Verdict,
} from "../../../src/scanning/index.ts";
import { entityOf, scanContext } from "../../support/samples/entities.ts";
import { HeldBytes } from "./held-bytes.ts";
import { MadeReplacement } from "./made-replacement.ts";

const verdict = (kind: Verdict["kind"], more: Partial<Verdict> = {}): Verdict => ({
  kind,
  threats: [],
  ...more,
});

/** Gives its verdicts one by one, and keeps what it was asked about. */
class Modifier implements Scanner {
  readonly epoch = "1";
  readonly asked: Entity[] = [];
  readonly contexts: ScanContext[] = [];
  closed = 0;
  maxBytes = 1024;
  readonly name: string;
  readonly #answer: (context: ScanContext) => Promise<Verdict>;

  constructor(name: string, answer: Verdict | ((context: ScanContext) => Promise<Verdict>)) {
    this.name = name;
    this.#answer = typeof answer === "function" ? answer : () => Promise.resolve(answer);
  }

  scan(entity: Entity, context: ScanContext): Promise<Verdict> {
    this.asked.push(entity);
    this.contexts.push(context);
    return this.#answer(context);
  }

  async close(): Promise<void> {
    this.closed += 1;
  }
}

const needed = (scanner: Scanner): Member => ({ name: scanner.name, scanner, required: true });
const optional = (scanner: Scanner): Member => ({ ...needed(scanner), required: false });

/** As a service with the default outcomes: a suspicion and no opinion pass. */
const passes = ({ kind }: Verdict): boolean => ["clean", "suspicious", "unknown"].includes(kind);

function chain(modifiers: readonly Member[], judged?: Verdict): ModifyingScanner {
  const judge = judged === undefined ? undefined : new Modifier("judge", judged);
  return new ModifyingScanner({ name: "service", judge, modifiers, passes });
}

const entity = entityOf("original", { fileName: "a.txt", declaredType: "text/plain" });
const scan = (scanner: Scanner, context = scanContext()) => scanner.scan(entity, context);

describe("ModifyingScanner", () => {
  let one: MadeReplacement;
  let two: MadeReplacement;
  beforeEach(() => {
    one = new MadeReplacement("first");
    two = new MadeReplacement("%PDF-1.7 second", "application/pdf");
  });

  describe("after the judges", () => {
    it.each(["blocked", "error", "unscannable", "pending"] as const)(
      "does not ask a modifier when they say %s",
      async (kind) => {
        const modifier = new Modifier("cdr", one.verdict);
        const result = await scan(chain([needed(modifier)], verdict(kind)));
        expect([result.kind, modifier.asked]).toEqual([kind, []]);
      },
    );

    it.each(["clean", "suspicious", "unknown"] as const)(
      "lets modifiers work when they say %s, which passes",
      async (kind) => {
        const result = await scan(chain([needed(new Modifier("cdr", one.verdict))], verdict(kind)));
        expect(result.kind).toBe("modified");
      },
    );

    it("names the doubt that passed beside the modification", async () => {
      const judged = verdict("suspicious", { also: ["unknown"], threats: [{ name: "Macro" }] });
      const result = await scan(chain([needed(new Modifier("cdr", one.verdict))], judged));
      expect(result).toMatchObject({
        kind: "modified",
        also: ["suspicious", "unknown"],
        threats: [{ name: "Macro" }],
      });
    });

    it("lets modifiers work where there is no judge", async () => {
      expect((await scan(chain([needed(new Modifier("cdr", one.verdict))]))).kind).toBe("modified");
    });

    it("says what the judges say when no modifier changes anything", async () => {
      const modifier = needed(new Modifier("cdr", verdict("clean")));
      expect((await scan(chain([modifier], verdict("unknown")))).kind).toBe("unknown");
    });
  });

  describe("with several modifiers", () => {
    it("gives each what the one before it made", async () => {
      const second = new Modifier("second", verdict("clean"));
      const third = new Modifier("third", verdict("clean"));
      await scan(
        chain([needed(new Modifier("first", two.verdict)), needed(second), needed(third)]),
      );
      const made = {
        content: two.body.content,
        size: two.body.size,
        sha256: two.body.sha256,
        fileName: "a.txt",
        declaredType: "application/pdf",
        detectedType: "application/pdf",
      };
      expect([second.asked, third.asked]).toEqual([[made], [made]]);
    });

    it("keeps the declared type where the modifier names no other", async () => {
      const second = new Modifier("second", verdict("clean"));
      await scan(chain([needed(new Modifier("first", one.verdict)), needed(second)]));
      expect(second.asked[0]?.declaredType).toBe("text/plain");
    });

    it("hands out the last replacement and gives up the one before", async () => {
      const result = await scan(
        chain([needed(new Modifier("a", one.verdict)), needed(new Modifier("b", two.verdict))]),
      );
      expect(result.replacement?.body).toBe(two.body);
      expect([one.disposed, two.disposed]).toEqual([1, 0]);
    });

    it("gives up the last one when its receiver does, once", async () => {
      const result = await scan(chain([needed(new Modifier("a", one.verdict))]));
      result.replacement?.dispose();
      result.replacement?.dispose();
      expect(one.disposed).toBe(1);
    });

    it("asks none about an entity that has become too large for it", async () => {
      const small = new Modifier("small", verdict("clean"));
      small.maxBytes = entity.size;
      const result = await scan(chain([needed(new Modifier("a", two.verdict)), needed(small)]));
      expect([small.asked, result.kind, result.also]).toEqual([[], "modified", ["unscannable"]]);
    });
  });

  describe("when one fails", () => {
    it.each([
      ["fails", verdict("error")],
      ["blocks", verdict("blocked")],
      ["promises a replacement and gives none", verdict("modified")],
    ])("gives up all when one that is required %s", async (_, said) => {
      const after = new Modifier("after", two.verdict);
      const result = await scan(
        chain([
          needed(new Modifier("a", one.verdict)),
          needed(new Modifier("b", said)),
          needed(after),
        ]),
      );
      expect(result.kind).toBe(said.kind === "blocked" ? "blocked" : "error");
      expect([one.disposed, after.asked, result.replacement]).toEqual([1, [], undefined]);
    });

    it("gives up a replacement that comes with another verdict, and is error", async () => {
      const said = verdict("clean", { replacement: one });
      const result = await scan(chain([needed(new Modifier("a", said))]));
      expect([result.kind, one.disposed]).toEqual(["error", 1]);
    });

    it("turns one that rejects into error", async () => {
      const rejecting = new Modifier("a", () => Promise.reject(new Error("boom")));
      expect((await scan(chain([needed(rejecting)]))).kind).toBe("error");
    });

    it("passes over an optional one", async () => {
      const result = await scan(
        chain([
          needed(new Modifier("a", one.verdict)),
          optional(new Modifier("b", verdict("error"))),
          optional(new Modifier("c", verdict("unscannable"))),
        ]),
      );
      expect([result.kind, result.also, result.replacement?.body]).toEqual([
        "modified",
        undefined,
        one.body,
      ]);
    });

    it("is blocked by an optional one all the same", async () => {
      const blocking = optional(new Modifier("b", verdict("blocked")));
      expect((await scan(chain([needed(new Modifier("a", one.verdict)), blocking]))).kind).toBe(
        "blocked",
      );
      expect(one.disposed).toBe(1);
    });

    it("takes the replacement of an optional one", async () => {
      const result = await scan(chain([optional(new Modifier("a", one.verdict))]));
      expect(result.replacement?.body).toBe(one.body);
    });

    it("leaves another doubt to the service's policy, beside what was made", async () => {
      const result = await scan(
        chain([
          needed(new Modifier("a", one.verdict)),
          needed(new Modifier("b", verdict("unscannable"))),
        ]),
      );
      expect([result.kind, result.also]).toEqual(["modified", ["unscannable"]]);
    });

    it("does not let a failure hide a doubt of one before", async () => {
      const result = await scan(
        chain([
          needed(new Modifier("a", verdict("unscannable"))),
          needed(new Modifier("b", verdict("error"))),
        ]),
      );
      expect([result.kind, result.also]).toEqual(["error", ["unscannable"]]);
    });
  });

  describe("when the transaction is aborted", () => {
    it("gives up what was made and is error/timeout", async () => {
      const transaction = new AbortController();
      const aborting = new Modifier("a", async () => {
        transaction.abort();
        return one.verdict;
      });
      const after = new Modifier("b", two.verdict);
      const result = await scan(
        chain([needed(aborting), needed(after)]),
        scanContext(transaction.signal),
      );
      expect(result).toMatchObject({ kind: "error", reason: "timeout" });
      expect([one.disposed, after.asked]).toEqual([1, []]);
    });
  });

  describe("with a modifier that still reads when nobody waits for it", () => {
    const late = () => {
      const { promise, resolve } = Promise.withResolvers<Verdict>();
      const modifier = new Modifier("late", () => promise);
      return {
        member: optional(new DeadlineScanner(modifier, { timeoutMs: 1, modifies: true })),
        resolve,
      };
    };

    it("keeps the replacement that it was given until it has ended", async () => {
      const { member, resolve } = late();
      const result = await scan(chain([needed(new Modifier("a", one.verdict)), member]));
      result.replacement?.dispose();
      result.replacement?.dispose();
      expect(one.disposed).toBe(0);
      resolve(two.verdict);
      await new Promise(setImmediate);
      expect([one.disposed, two.disposed]).toEqual([1, 1]);
    });

    it("keeps the original that it was given until it has ended", async () => {
      const { member, resolve } = late();
      const bytes = new HeldBytes();
      await scan(chain([member]), bytes.in(scanContext()));
      expect(bytes.holders).toBe(1);
      resolve(verdict("clean"));
      await new Promise(setImmediate);
      expect(bytes.holders).toBe(0);
    });
  });

  it("tells each answer of a modifier", async () => {
    const told: string[] = [];
    const modifiers = [
      needed(new Modifier("a", one.verdict)),
      optional(new Modifier("b", verdict("error"))),
    ];
    const scanner = new ModifyingScanner({
      name: "service",
      judge: undefined,
      modifiers,
      passes,
      onAnswer: (answer) =>
        told.push(`${answer.scanner} ${answer.verdict.kind} ${answer.required}`),
    });
    await scan(scanner);
    expect(told).toEqual(["a modified true", "b error false"]);
  });

  it("changes its epoch with the judge and with each modifier", () => {
    const epochs = [
      chain([needed(new Modifier("a", one.verdict))]),
      chain([needed(new Modifier("a", one.verdict))], verdict("clean")),
      chain([needed(new Modifier("b", one.verdict))]),
    ].map(({ epoch }) => epoch);
    expect(new Set(epochs).size).toBe(3);
  });

  it("takes what its judge takes", () => {
    expect(chain([], verdict("clean")).maxBytes).toBe(1024);
  });

  it("closes the judge and the modifiers", async () => {
    const judge = new Modifier("judge", verdict("clean"));
    const modifier = new Modifier("a", verdict("clean"));
    const modifiers = [needed(modifier)];
    await new ModifyingScanner({ name: "service", judge, modifiers, passes }).close();
    expect([judge.closed, modifier.closed]).toEqual([1, 1]);
  });
});

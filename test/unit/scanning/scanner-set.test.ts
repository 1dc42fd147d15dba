import { beforeEach, describe, expect, it } from "vitest";
import { isNotNeeded, ScannerSet } from "../../../src/scanning/index.ts";
import { entityOf, scanContext } from "../../support/samples/entities.ts";
import { cleanVerdict, ScriptedScanner } from "../../support/samples/scripted-scanner.ts";
import { HeldBytes } from "./held-bytes.ts";
import { MadeReplacement } from "./made-replacement.ts";

const blockedBy = (name: string) => ({ kind: "blocked", threats: [{ name }] }) as const;

const strategy = { type: "AnyBlocks" } as const;

function required(scanner: ScriptedScanner) {
  return { name: scanner.name, scanner, required: true };
}

describe("ScannerSet", () => {
  let one: ScriptedScanner;
  let two: ScriptedScanner;
  let set: ScannerSet;
  const answers: string[] = [];
  beforeEach(() => {
    answers.length = 0;
    one = new ScriptedScanner("one", 10);
    two = new ScriptedScanner("two", 20);
    set = new ScannerSet([required(one), required(two)], {
      name: "both",
      strategy,
      onAnswer: ({ scanner, verdict }) => answers.push(`${scanner} ${verdict.kind}`),
    });
  });

  it("asks all at once and is clean when all are", async () => {
    const verdict = set.scan(entityOf("x"), scanContext());
    one.end(0);
    two.end(0);
    expect(await verdict).toEqual(cleanVerdict);
  });

  it("answers as soon as one blocks, without waiting for the rest", async () => {
    const verdict = set.scan(entityOf("x"), scanContext());
    two.end(0, blockedBy("EICAR"));
    expect((await verdict).kind).toBe("blocked");
  });

  it("tells the rest to stop once one has blocked", async () => {
    const verdict = set.scan(entityOf("x"), scanContext());
    two.end(0, blockedBy("EICAR"));
    await verdict;
    const signal = one.contexts[0]?.signal as AbortSignal;
    expect([signal.aborted, isNotNeeded(signal)]).toEqual([true, true]);
  });

  it("says which scanner found a threat", async () => {
    const verdict = set.scan(entityOf("x"), scanContext());
    two.end(0, blockedBy("EICAR"));
    expect((await verdict).threats).toEqual([{ name: "EICAR", engine: "two" }]);
  });

  it("keeps the engine that a scanner names itself", async () => {
    const verdict = set.scan(entityOf("x"), scanContext());
    two.end(0, { kind: "blocked", threats: [{ name: "EICAR", engine: "yara-x" }] });
    expect((await verdict).threats[0]?.engine).toBe("yara-x");
  });

  it("does not ask a scanner for which the entity is too large, and counts it as unscannable", async () => {
    const verdict = set.scan(entityOf("fifteen bytes.."), scanContext());
    two.end(0);
    expect(await verdict).toMatchObject({ kind: "unscannable", reason: "size" });
    expect(one.contexts).toHaveLength(0);
  });

  it("turns a scanner that rejects into error, and still hears the other", async () => {
    const verdict = set.scan(entityOf("x"), scanContext());
    one.end(0, new Error("boom"));
    two.end(0);
    expect(await verdict).toMatchObject({ kind: "error", reason: "engine-error" });
  });

  it("holds the bytes until those that it told to stop have ended", async () => {
    const bytes = new HeldBytes();
    const verdict = set.scan(entityOf("x"), bytes.in(scanContext()));
    two.end(0, blockedBy("EICAR"));
    await verdict;
    expect(bytes.holders).toBe(1);
    one.end(0);
    await expect.poll(() => bytes.holders).toBe(0);
  });

  it("holds nothing when all have answered", async () => {
    const bytes = new HeldBytes();
    const verdict = set.scan(entityOf("x"), bytes.in(scanContext()));
    one.end(0);
    two.end(0);
    await verdict;
    expect(bytes.taken).toBe(0);
  });

  it("gives up a replacement that comes after the verdict", async () => {
    const made = new MadeReplacement("late");
    const verdict = set.scan(entityOf("x"), scanContext());
    two.end(0, blockedBy("EICAR"));
    await verdict;
    one.end(0, made.verdict);
    await expect.poll(() => made.disposed).toBe(1);
  });

  it("gives up the replacement of a judge, which is an error", async () => {
    const made = new MadeReplacement("new");
    const verdict = set.scan(entityOf("x"), scanContext());
    one.end(0, made.verdict);
    two.end(0);
    expect(await verdict).toMatchObject({ kind: "error", reason: "engine-error" });
    expect(made.disposed).toBe(1);
  });

  it("keeps the threats of a block that the quorum outvotes", async () => {
    const three = new ScriptedScanner("three", 20);
    const quorum = new ScannerSet([required(one), required(two), required(three)], {
      name: "quorum",
      strategy: { type: "Quorum", count: 2 },
    });
    const verdict = quorum.scan(entityOf("x"), scanContext());
    one.end(0, blockedBy("False.Positive"));
    two.end(0);
    three.end(0);
    expect(await verdict).toMatchObject({
      kind: "clean",
      threats: [{ name: "False.Positive" }],
      message: "1 of 2 needed scanners block",
    });
  });

  it("is not made with a quorum that an optional scanner could end", () => {
    const members = [required(one), { ...required(two), required: false }];
    const quorum = { type: "Quorum", count: 2 } as const;
    expect(() => new ScannerSet(members, { name: "few", strategy: quorum })).toThrow("few:");
  });

  it("hands an abort of the transaction on", () => {
    const transaction = new AbortController();
    void set.scan(entityOf("x"), scanContext(transaction.signal));
    transaction.abort("gone");
    expect([one, two].map((scanner) => scanner.contexts[0]?.signal.reason)).toEqual([
      "gone",
      "gone",
    ]);
  });

  it("hands on an abort that came before", () => {
    void set.scan(entityOf("x"), scanContext(AbortSignal.abort()));
    expect(one.contexts[0]?.signal.aborted).toBe(true);
  });

  it("reports each answer as it comes", async () => {
    const verdict = set.scan(entityOf("x"), scanContext());
    two.end(0);
    await expect.poll(() => answers).toEqual(["two clean"]);
    one.end(0);
    await verdict;
    expect(answers).toEqual(["two clean", "one clean"]);
  });

  it("does not report the answers of scanners that were told to stop", async () => {
    const verdict = set.scan(entityOf("x"), scanContext());
    two.end(0, blockedBy("EICAR"));
    await verdict;
    one.end(0, { kind: "error", reason: "timeout", threats: [] });
    await Promise.resolve();
    expect(answers).toEqual(["two blocked"]);
  });

  it("changes its epoch when one of the scanners does", () => {
    const before = set.epoch;
    two.epoch = "2";
    expect(set.epoch).not.toBe(before);
  });

  it("has an epoch that does not depend on the order of the scanners", () => {
    const turned = [required(two), required(one)];
    expect(new ScannerSet(turned, { name: "both", strategy }).epoch).toBe(set.epoch);
  });

  it("takes what its most patient scanner takes", () => {
    expect(set.maxBytes).toBe(20);
  });

  it("closes all", async () => {
    await set.close();
    expect([one.closed, two.closed]).toEqual([1, 1]);
  });

  it("has no opinion when it has no scanner", async () => {
    const none = new ScannerSet([], { name: "none", strategy });
    expect(await none.scan(entityOf("x"), scanContext())).toMatchObject({ kind: "unknown" });
  });
});

import { beforeEach, describe, expect, it } from "vitest";
import {
  DeadlineScanner,
  isNotNeeded,
  type Scanner,
  type ShadowAnswer,
  ShadowedScanner,
} from "../../../src/scanning/index.ts";
import { entityOf, scanContext } from "../../support/samples/entities.ts";
import { ScriptedScanner } from "../../support/samples/scripted-scanner.ts";
import { HeldBytes } from "./held-bytes.ts";
import { MadeReplacement } from "./made-replacement.ts";

const settled = () => new Promise(setImmediate);

describe("ShadowedScanner", () => {
  const answers: ShadowAnswer[] = [];
  let counting: ScriptedScanner;
  let shadow: ScriptedScanner;
  let scanner: ShadowedScanner;
  const shadowedBy = (inner: Scanner) =>
    new ShadowedScanner(counting, {
      shadows: [{ name: "trial", scanner: inner, required: true }],
      onAnswer: (answer) => answers.push(answer),
    });

  beforeEach(() => {
    answers.length = 0;
    counting = new ScriptedScanner("counting", 1024);
    shadow = new ScriptedScanner("shadow", 10);
    scanner = shadowedBy(new DeadlineScanner(shadow, { timeoutMs: 60_000 }));
  });

  it("answers without waiting for the shadow", async () => {
    const verdict = scanner.scan(entityOf("x"), scanContext());
    counting.end(0);
    expect((await verdict).kind).toBe("clean");
  });

  it("asks the shadow at the same time", () => {
    void scanner.scan(entityOf("x"), scanContext());
    expect([counting.contexts.length, shadow.contexts.length]).toEqual([1, 1]);
  });

  it("counts nothing that the shadow says", async () => {
    const verdict = scanner.scan(entityOf("x"), scanContext());
    shadow.end(0, { kind: "blocked", threats: [{ name: "EICAR" }] });
    await settled();
    counting.end(0);
    expect(await verdict).toEqual({ kind: "clean", threats: [] });
  });

  it("tells what the shadow said beside what counted", async () => {
    void scanner.scan(entityOf("x"), scanContext());
    shadow.end(0, { kind: "blocked", threats: [] });
    counting.end(0);
    await settled();
    expect(answers).toMatchObject([
      { scanner: "trial", verdict: { kind: "blocked" }, counted: "clean" },
    ]);
  });

  it("tells it also when it comes after the answer", async () => {
    const verdict = scanner.scan(entityOf("x"), scanContext());
    counting.end(0, { kind: "blocked", threats: [] });
    await verdict;
    shadow.end(0);
    await settled();
    expect(answers).toMatchObject([{ verdict: { kind: "clean" }, counted: "blocked" }]);
  });

  it("tells that it was dropped when the transaction ends first", async () => {
    const transaction = new AbortController();
    const verdict = scanner.scan(entityOf("x"), scanContext(transaction.signal));
    counting.end(0);
    await verdict;
    transaction.abort();
    await settled();
    expect(answers).toEqual([{ scanner: "trial", verdict: undefined, counted: "clean" }]);
    expect(isNotNeeded(shadow.contexts[0]?.signal as AbortSignal)).toBe(true);
  });

  it("tells that it ran out of its own time", async () => {
    const hasty = shadowedBy(new DeadlineScanner(shadow, { timeoutMs: 1 }));
    const verdict = hasty.scan(entityOf("x"), scanContext());
    counting.end(0);
    await verdict;
    await expect
      .poll(() => answers)
      .toMatchObject([{ verdict: { kind: "error", reason: "timeout" } }]);
  });

  it("holds the bytes while the shadow reads", async () => {
    const bytes = new HeldBytes();
    const verdict = scanner.scan(entityOf("x"), bytes.in(scanContext()));
    counting.end(0);
    await verdict;
    expect(bytes.holders).toBe(1);
    shadow.end(0);
    await settled();
    expect(bytes.holders).toBe(0);
  });

  it("holds the bytes of a shadow that was dropped until it has let go", async () => {
    const bytes = new HeldBytes();
    const transaction = new AbortController();
    const verdict = scanner.scan(entityOf("x"), bytes.in(scanContext(transaction.signal)));
    counting.end(0);
    await verdict;
    transaction.abort();
    await settled();
    expect(bytes.holders).toBe(1);
    shadow.end(0);
    await settled();
    expect(bytes.holders).toBe(0);
  });

  it("does not ask a shadow for which the entity is too large, and tells why", async () => {
    void scanner.scan(entityOf("eleven byte"), scanContext());
    counting.end(0);
    await settled();
    expect(answers).toMatchObject([{ verdict: { kind: "unscannable", reason: "size" } }]);
  });

  it("gives up what a shadow made", async () => {
    const made = new MadeReplacement("new");
    void scanner.scan(entityOf("x"), scanContext());
    counting.end(0);
    shadow.end(0, made.verdict);
    await settled();
    expect([made.disposed, answers[0]?.verdict?.kind]).toEqual([1, "error"]);
  });

  it("survives a shadow that rejects", async () => {
    const verdict = scanner.scan(entityOf("x"), scanContext());
    shadow.end(0, new Error("boom"));
    counting.end(0);
    await verdict;
    await settled();
    expect(answers).toMatchObject([{ verdict: { kind: "error" } }]);
  });

  it("rejects when the scanner that counts does, and tells of the shadow", async () => {
    const verdict = scanner.scan(entityOf("x"), scanContext());
    counting.end(0, new Error("boom"));
    shadow.end(0);
    await expect(verdict).rejects.toThrow("boom");
    await settled();
    expect(answers).toMatchObject([{ counted: "error" }]);
  });

  it("has the epoch of the scanner that counts: a shadow changes no answer", () => {
    expect(scanner.epoch).toBe(counting.epoch);
  });
});

import { describe, expect, it } from "vitest";
import { ObservedScanner } from "../../../src/runtime/observed-scanner.ts";
import { NOT_NEEDED } from "../../../src/scanning/index.ts";
import { entityOf, scanContext } from "../../support/samples/entities.ts";
import { ScriptedScanner } from "../../support/samples/scripted-scanner.ts";

/** What is counted of a scan that is stopped, for this reason, before it ends in a failure. */
async function countedOf(reason?: unknown): Promise<string[]> {
  const counted: string[] = [];
  const inner = new ScriptedScanner("slow");
  const scanner = new ObservedScanner(inner, {
    scanEnded: (name, verdict) => counted.push(`${name} ${verdict}`),
  });
  const stop = new AbortController();
  const verdict = scanner.scan(entityOf("x"), scanContext(stop.signal));
  if (reason !== undefined) stop.abort(reason);
  inner.end(0, { kind: "error", reason: "timeout", threats: [] });
  await verdict;
  return counted;
}

describe("what is counted of a scanner", () => {
  it("is every judgement", async () => {
    expect(await countedOf()).toEqual(["slow error"]);
  });

  it("is also that it ran out of time", async () => {
    expect(await countedOf("time is up")).toEqual(["slow error"]);
  });

  it("is nothing when it was stopped because nobody needs it", async () => {
    expect(await countedOf(NOT_NEEDED)).toEqual([]);
  });
});

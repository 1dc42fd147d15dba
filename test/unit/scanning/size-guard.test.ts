import { describe, expect, it } from "vitest";
import { SizeGuard } from "../../../src/scanning/index.ts";
import { entityOf, scanContext } from "../../support/samples/entities.ts";
import { ScriptedScanner } from "../../support/samples/scripted-scanner.ts";

describe("SizeGuard", () => {
  it("gives an entity of exactly the limit to the scanner", async () => {
    const inner = new ScriptedScanner();
    const verdict = new SizeGuard(inner, { maxBytes: 8 }).scan(entityOf("8 bytes!"), scanContext());
    await inner.started(0);
    inner.end(0);
    expect((await verdict).kind).toBe("clean");
  });

  it("answers unscannable/size above the limit, without asking the scanner", async () => {
    const inner = new ScriptedScanner();
    const guard = new SizeGuard(inner, { maxBytes: 8 });
    expect(await guard.scan(entityOf("9 bytes!!"), scanContext())).toMatchObject({
      kind: "unscannable",
      reason: "size",
    });
    expect(inner.contexts).toHaveLength(0);
  });

  it("keeps the scanner's own limit when that is smaller", () => {
    expect(new SizeGuard(new ScriptedScanner("s", 5), { maxBytes: 8 }).maxBytes).toBe(5);
  });

  it("follows a scanner that comes to take more", async () => {
    const inner = new ScriptedScanner("s", 5);
    const guard = new SizeGuard(inner, { maxBytes: 8 });
    Object.defineProperty(inner, "maxBytes", { value: 20 });
    expect(guard.maxBytes).toBe(8);
    const verdict = guard.scan(entityOf("8 bytes!"), scanContext());
    await inner.started(0);
    inner.end(0);
    expect((await verdict).kind).toBe("clean");
  });

  it("is known by the scanner's name and epoch", () => {
    const guard = new SizeGuard(new ScriptedScanner("av"), { maxBytes: 8 });
    expect([guard.name, guard.epoch]).toEqual(["av", "1"]);
  });

  it("closes the scanner", async () => {
    const inner = new ScriptedScanner();
    await new SizeGuard(inner, { maxBytes: 8 }).close();
    expect(inner.closed).toBe(1);
  });
});

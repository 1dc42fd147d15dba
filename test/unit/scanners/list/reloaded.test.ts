import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Reloaded } from "../../../../src/scanners/list/reloaded.ts";

describe("content that is loaded again", () => {
  let stamp: () => Promise<string>;
  let load: () => Promise<string>;
  let problems: string[];
  let reloaded: Reloaded<string>;
  beforeEach(async () => {
    stamp = async () => "1";
    load = async () => "first";
    problems = [];
    reloaded = await Reloaded.open({
      stamp: () => stamp(),
      load: () => load(),
      pollMs: 0,
      onProblem: (message) => problems.push(message),
    });
  });
  afterEach(() => reloaded.close());

  const fails = async (): Promise<string> => {
    throw new Error("no such file");
  };

  it("stays while its stamp does", async () => {
    load = async () => "second";
    await reloaded.refresh();
    expect(reloaded.content).toBe("first");
  });

  it("changes with its stamp, and that is told of", async () => {
    const told: string[] = [];
    reloaded.onChange((content) => told.push(content));
    [stamp, load] = [async () => "2", async () => "second"];
    await reloaded.refresh();
    expect([reloaded.content, told]).toEqual(["second", ["second"]]);
  });

  it("stays while it cannot be looked at, and that is told of once", async () => {
    [stamp, load] = [fails, fails];
    for (let look = 0; look < 3; look++) await reloaded.refresh();
    expect([reloaded.content, problems]).toEqual(["first", ["no such file"]]);
  });

  it("is loaded when it can be looked at again, be it as it was", async () => {
    const first = stamp;
    [stamp, load] = [fails, fails];
    await reloaded.refresh();
    [stamp, load] = [first, async () => "second"];
    await reloaded.refresh();
    expect(reloaded.content).toBe("second");
  });

  it("stays while the new cannot be used, which is tried once for each change", async () => {
    [stamp, load] = [async () => "2", fails];
    await reloaded.refresh();
    await reloaded.refresh();
    stamp = async () => "3";
    await reloaded.refresh();
    expect([reloaded.content, problems.length]).toEqual(["first", 2]);
  });
});

import { beforeEach, describe, expect, it } from "vitest";
import { type Verdict, VerdictKind, VerdictReason } from "../../../src/scanning/index.ts";
import { entityOf } from "../../support/samples/entities.ts";
import { cleanVerdict } from "../../support/samples/scripted-scanner.ts";
import { file, RememberedScanner } from "./remembered-scanner.ts";

const blocked: Verdict = {
  kind: VerdictKind.Blocked,
  reason: VerdictReason.Malware,
  threats: [{ name: "Eicar" }],
};

describe("a scanner whose verdicts are remembered", () => {
  let remembered: RememberedScanner;
  beforeEach(() => {
    remembered = new RememberedScanner();
  });

  it("scans the same bytes once", async () => {
    await remembered.judge(cleanVerdict);
    await remembered.judge(cleanVerdict);
    expect(remembered.scans).toBe(1);
  });

  it("says the same again, and that it is remembered", async () => {
    expect(await remembered.judge(blocked)).toEqual(blocked);
    expect(await remembered.ask()).toEqual({ ...blocked, cached: true });
  });

  it("scans other bytes", async () => {
    await remembered.judge(cleanVerdict);
    await remembered.judge(cleanVerdict, {}, entityOf("other bytes"));
    expect(remembered.scans).toBe(2);
  });

  it.each([VerdictKind.Error, VerdictKind.Pending, VerdictKind.Modified])(
    "scans again after %s",
    async (kind) => {
      await remembered.judge({ kind, threats: [] });
      await remembered.judge(cleanVerdict);
      expect(remembered.scans).toBe(2);
    },
  );

  it("scans again once signatures are others", async () => {
    await remembered.judge(cleanVerdict);
    remembered.inner.epoch = "2";
    expect(await remembered.judge(blocked)).toEqual(blocked);
  });

  it("forgets a verdict in whose making signatures changed", async () => {
    const asked = remembered.ask();
    await remembered.inner.started(0);
    remembered.inner.epoch = "2";
    remembered.inner.end(0, cleanVerdict);
    await asked;
    await remembered.judge(cleanVerdict);
    remembered.inner.epoch = "1";
    await remembered.judge(cleanVerdict);
    expect(remembered.scans).toBe(3);
  });

  it.each([
    ["its own", "1", 1],
    ["another one", "0", 2],
  ])("remembers by the epoch that the verdict tells: %s", async (_which, epoch, scans) => {
    await remembered.judge({ ...cleanVerdict, epoch });
    await remembered.judge(cleanVerdict);
    expect(remembered.scans).toBe(scans);
  });

  it("remembers the verdict of any replica while signatures are rolled out", async () => {
    remembered.inner.epoch = "new,old";
    await remembered.judge({ ...cleanVerdict, epoch: "old" });
    await remembered.judge(cleanVerdict);
    expect(remembered.scans).toBe(1);
  });

  it("does not remember under a key that says less than the verdict depends on", async () => {
    await remembered.judge({ ...cleanVerdict, cache: { scope: "content+url" } });
    await remembered.judge(cleanVerdict);
    expect(remembered.scans).toBe(2);
  });

  it("remembers under a key that says more", async () => {
    const byUrl = new RememberedScanner({}, "content+url");
    await byUrl.judge({ ...cleanVerdict, cache: { scope: "content" } });
    await byUrl.judge(cleanVerdict);
    expect(byUrl.scans).toBe(1);
  });

  it("tells users apart where verdicts depend on them", async () => {
    const byUser = new RememberedScanner({}, "user");
    await byUser.judge(cleanVerdict, { identity: { user: "jane" } });
    await byUser.judge(blocked, { identity: { user: "john" } });
    expect((await byUser.ask({ identity: { user: "jane" } })).kind).toBe("clean");
    expect((await byUser.ask({ identity: { user: "john" } })).kind).toBe("blocked");
  });

  it("remembers nothing where nobody knows what a verdict depends on", async () => {
    const byUser = new RememberedScanner({}, "user");
    await byUser.judge(cleanVerdict);
    await byUser.judge(cleanVerdict);
    expect(byUser.scans).toBe(2);
  });

  it("tells profiles of the scanner apart", async () => {
    await remembered.judge(cleanVerdict, { policy: "lenient" });
    expect(await remembered.judge(blocked, { policy: "strict" })).toEqual(blocked);
  });

  it("scans again when the time that the service gives is over", async () => {
    const cacheTtl = { cleanMs: 1000, blockedMs: 1000 };
    await remembered.judge(cleanVerdict, { cacheTtl });
    remembered.clock.now += 1000;
    expect(await remembered.judge(blocked, { cacheTtl })).toEqual(blocked);
  });

  it("scans again for a service that wants fresher verdicts than another", async () => {
    await remembered.judge(cleanVerdict, { cacheTtl: { cleanMs: 60_000, blockedMs: 60_000 } });
    remembered.clock.now += 5000;
    const cacheTtl = { cleanMs: 5000, blockedMs: 5000 };
    expect(await remembered.judge(blocked, { cacheTtl })).toEqual(blocked);
  });

  it("neither reads nor writes for a service that wants nothing remembered", async () => {
    const cacheTtl = { cleanMs: 0, blockedMs: 0 };
    await remembered.judge(cleanVerdict, { cacheTtl });
    await remembered.judge(cleanVerdict);
    await remembered.judge(cleanVerdict, { cacheTtl });
    expect(remembered.scans).toBe(3);
  });

  it("scans again when the clock went back", async () => {
    await remembered.judge(cleanVerdict);
    remembered.clock.now -= 1;
    expect(await remembered.judge(blocked)).toEqual(blocked);
  });

  it("asks the scanner alone about entities that are not worth it", async () => {
    const large = new RememberedScanner({ cacheFor: () => undefined });
    await large.judge(cleanVerdict);
    await large.judge(cleanVerdict);
    expect(large.scans).toBe(2);
  });

  it.each([
    ["still arrive", { arriving: {} as never }, file],
    ["have no hash", {}, { ...file, sha256: "" }],
  ])("neither reads nor writes about bytes that %s", async (_what, changes, entity) => {
    await remembered.judge(cleanVerdict, changes, entity);
    await remembered.judge(cleanVerdict, changes, entity);
    expect(remembered.scans).toBe(2);
  });

  it("counts what came from the cache and what was scanned", async () => {
    await remembered.judge(cleanVerdict);
    await remembered.ask();
    const { cached, scanned } = remembered.metrics;
    expect({ cached, scanned }).toEqual({ cached: 1, scanned: 1 });
  });

  it("closes the scanner", async () => {
    await remembered.scanner.close();
    expect(remembered.inner.closed).toBe(1);
  });
});

describe("a verdict that comes after its scan", () => {
  it("is given to the next who asks", async () => {
    const remembered = new RememberedScanner();
    await remembered.judge({ kind: VerdictKind.Pending, threats: [], job: "j1" });
    remembered.scanner.remember(
      file,
      { url: undefined },
      { verdict: blocked, epoch: "1", begunAt: 0 },
    );
    expect(await remembered.ask()).toEqual({ ...blocked, cached: true });
  });

  it.each([
    ["signatures are others by now", "0", blocked],
    ["it is none", "1", { kind: VerdictKind.Error, threats: [] }],
  ])("is not kept when %s", async (_why, epoch, verdict) => {
    const remembered = new RememberedScanner();
    remembered.scanner.remember(file, { url: undefined }, { verdict, epoch, begunAt: 0 });
    await remembered.judge(cleanVerdict);
    expect(remembered.scans).toBe(1);
  });
});

describe("what is remembered can be looked up", () => {
  it("for each profile that was asked for", async () => {
    const remembered = new RememberedScanner();
    await remembered.judge(cleanVerdict);
    await remembered.judge(blocked, { policy: "strict" });
    const found = await remembered.scanner.lookup(file);
    expect(found.map(({ verdict }) => verdict.kind)).toEqual(["clean", "blocked"]);
  });

  it("of a modifier, which is asked for new content", async () => {
    const remembered = new RememberedScanner();
    await remembered.judge(cleanVerdict, { takesReplacement: true });
    const found = await remembered.scanner.lookup(file);
    expect(found.map(({ verdict }) => verdict.kind)).toEqual(["clean"]);
  });

  it("without asking the scanner", async () => {
    const remembered = new RememberedScanner();
    expect(await remembered.scanner.lookup(file)).toEqual([]);
    expect(remembered.scans).toBe(0);
  });
});

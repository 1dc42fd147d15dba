import { beforeEach, describe, expect, it } from "vitest";
import { Holding, type ScanLedger } from "../../../src/background/scan-ledger.ts";
import type { ScanRecord } from "../../../src/background/scan-record.ts";
import { CacheScope } from "../../../src/scanning/index.ts";
import { BackgroundMessage } from "../../support/background-message.ts";
import { JobScanner } from "../../support/job-scanner.ts";
import { type Bench, blocked, useBench } from "./bench.ts";

const make = useBench();

class ConfiguredScanner extends JobScanner {
  readonly identity: string;

  constructor(identity: string) {
    super();
    this.identity = identity;
  }
}

describe("a scanner that is configured otherwise while its scan runs", () => {
  let bench: Bench;
  beforeEach(() => {
    bench = make();
    Object.assign(bench.sandbox, { identity: "one" });
  });
  const endsWith = async (served: JobScanner): Promise<void> => {
    await bench.passed();
    await bench.following();
    bench.served = served;
    bench.sandbox.conclude(blocked);
    await bench.ended();
  };

  it("does not count what the other one said as its own", async () => {
    const other = new ConfiguredScanner("another");
    await endsWith(other);
    expect(other.remembered).toEqual([]);
  });

  it("keeps the verdict where only what changes no verdict is another", async () => {
    const same = new ConfiguredScanner("one");
    await endsWith(same);
    expect(same.remembered).toMatchObject([{ verdict: blocked }]);
  });

  it("begins a scan of its own", async () => {
    await bench.passed();
    await bench.uploading();
    Object.assign(bench.sandbox, { identity: "another" });
    await bench.passed();
    await bench.uploading(2);
  });
});

describe("what is remembered of users", () => {
  const identity = { user: "jane", address: "10.0.0.1", groups: ["staff"] };
  const contextFor = async (scope: CacheScope) => {
    const bench = make();
    Object.assign(bench.sandbox, { cacheScope: scope });
    await bench.passed(new BackgroundMessage({ identity }));
    bench.sandbox.conclude(blocked);
    await bench.ended();
    return bench.sandbox.remembered[0]?.context;
  };

  it("is all that a verdict may depend on", async () => {
    expect(await contextFor(CacheScope.User)).toMatchObject({ identity });
  });

  it("is nothing where verdicts do not depend on them", async () => {
    expect((await contextFor(CacheScope.Content))?.identity).toBeUndefined();
  });
});

describe("a scan that was found without a pod", () => {
  const record = (changes: Partial<ScanRecord>): ScanRecord => ({
    form: 1,
    id: "7",
    scannerKey: "IcapScanner/a/sandbox",
    scanner: "cape",
    service: "scan",
    epoch: "1",
    entity: { sha256: "a".repeat(64), size: 1 },
    context: {},
    startedAt: 0,
    expiresAt: 2_000_000,
    job: "j",
    ...changes,
  });
  const found = (changes: Partial<ScanRecord>) => {
    const offers: string[] = [];
    const ledger: ScanLedger = {
      enter: async () => Holding.Ours,
      note: async () => {},
      renew: async () => Holding.Ours,
      offer: async (key) => offers.push(key) > 0,
      end: async () => ({ holding: Holding.Ours, recipients: [] }),
      take: async () => [{ key: "k", record: record(changes) }],
      onOffer: () => {},
    };
    const bench = make({ ledger });
    bench.served = undefined;
    return { bench, offers };
  };

  it("is left to those who know its scanner", async () => {
    const { bench, offers } = found({});
    await bench.scans.look();
    expect([offers, bench.ends]).toEqual([["k"], []]);
  });

  it("is told of as pending when its time is up and nobody knows its scanner", async () => {
    const { bench, offers } = found({ expiresAt: 1_000_000 });
    await bench.scans.look();
    await bench.ended();
    expect([offers, bench.ends[0]?.verdict.kind]).toEqual([[], "pending"]);
  });
});

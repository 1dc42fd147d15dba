import { describe, expect, it } from "vitest";
import {
  type Beginning,
  type ScanContext,
  type Scanner,
  ScanStage,
  Screening,
  type ScreeningMember,
  type Verdict,
} from "../../../src/scanning/index.ts";
import { scanContext } from "../../support/samples/entities.ts";

type Said = "clean" | "blocked" | "suspicious" | undefined;

const about = { fileName: undefined, declaredType: undefined, detectedType: undefined };
const heads: Beginning = {
  ...about,
  stage: ScanStage.Headers,
  bytes: Buffer.alloc(0),
  totalBytes: undefined,
};
const preview: Beginning = { ...heads, stage: ScanStage.Preview, bytes: Buffer.from("MZ") };

/** Says something at some stages; remembers at which it was asked. */
class StagedScanner implements Scanner {
  readonly epoch = "1";
  readonly maxBytes = Number.POSITIVE_INFINITY;
  readonly name: string;
  readonly says: Readonly<Partial<Record<ScanStage, Said>>>;
  readonly asked: [ScanStage, ScanContext][] = [];

  constructor(name: string, says: Readonly<Partial<Record<ScanStage, Said>>>) {
    this.name = name;
    this.says = says;
  }

  get stages(): ScanStage[] {
    return Object.keys(this.says) as ScanStage[];
  }

  async screen({ stage }: Beginning, context: ScanContext): Promise<Verdict | undefined> {
    this.asked.push([stage, context]);
    const kind = this.says[stage];
    if (kind === "suspicious") throw new Error("breaks its word");
    return kind === undefined ? undefined : { kind, threats: [{ name: `${this.name}.found` }] };
  }

  scan(): Promise<Verdict> {
    throw new Error("not the whole entity");
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

const member = (scanner: Scanner, change: Partial<ScreeningMember> = {}): ScreeningMember => ({
  scanner,
  judge: scanner,
  required: true,
  timeoutMs: 10_000,
  policy: undefined,
  ...change,
});
const full: Scanner = {
  name: "full",
  epoch: "1",
  maxBytes: 1,
  scan: () => Promise.reject(new Error("not the whole entity")),
  close: () => Promise.resolve(),
};

function screeningOf(
  scanners: readonly Scanner[],
  { settlesClean = true, strategy = { type: "AnyBlocks" } as const } = {},
): Screening {
  return new Screening(
    scanners.map((scanner) => member(scanner)),
    { strategy, settlesClean },
  );
}

const kindOf = async (screening: Screening) =>
  (await screening.decide([heads, preview], scanContext()))?.kind;

describe("a screening", () => {
  it("is over with the first stage that blocks", async () => {
    const scanner = new StagedScanner("a", { headers: "blocked", preview: "clean" });
    expect(await kindOf(screeningOf([scanner]))).toBe("blocked");
    expect(scanner.asked.map(([stage]) => stage)).toEqual(["headers"]);
  });

  it("goes on to the preview where the heads were not enough", async () => {
    const scanner = new StagedScanner("a", { headers: undefined, preview: "blocked" });
    expect(await kindOf(screeningOf([scanner]))).toBe("blocked");
    expect(scanner.asked.map(([stage]) => stage)).toEqual(["headers", "preview"]);
  });

  it("asks nobody again who has decided", async () => {
    const early = new StagedScanner("a", { headers: "clean", preview: "blocked" });
    const late = new StagedScanner("b", { preview: "clean" });
    expect(await kindOf(screeningOf([early, late]))).toBe("clean");
    expect(early.asked).toHaveLength(1);
  });

  it("takes a block from one, whatever those would say who need the whole entity", async () => {
    const scanner = new StagedScanner("a", { headers: "blocked" });
    expect(await kindOf(screeningOf([full, scanner]))).toBe("blocked");
  });

  it("lets nothing pass as long as one of them needs the whole entity", async () => {
    const scanner = new StagedScanner("a", { headers: "clean", preview: "clean" });
    expect(await kindOf(screeningOf([scanner, full]))).toBeUndefined();
  });

  it("lets nothing pass where others beside the judges want to see it", async () => {
    const scanner = new StagedScanner("a", { headers: "clean" });
    expect(await kindOf(screeningOf([scanner], { settlesClean: false }))).toBeUndefined();
  });

  it("blocks also where others would have wanted to see it", async () => {
    const scanner = new StagedScanner("a", { headers: "blocked" });
    expect(await kindOf(screeningOf([scanner], { settlesClean: false }))).toBe("blocked");
  });

  it("takes no block for a quorum that the others might not make", async () => {
    const strategy = { type: "Quorum", count: 2 } as const;
    const one = new StagedScanner("a", { headers: "blocked" });
    const two = new StagedScanner("b", { headers: "blocked" });
    const quorum = (scanners: readonly Scanner[]) =>
      new Screening(
        scanners.map((scanner) => member(scanner)),
        { strategy, settlesClean: true },
      );
    expect(await kindOf(quorum([one, full]))).toBeUndefined();
    expect(await kindOf(quorum([one, two, full]))).toBe("blocked");
  });

  it("counts one that breaks its word as one that cannot tell", async () => {
    const scanner = new StagedScanner("a", { headers: "suspicious", preview: undefined });
    expect(await kindOf(screeningOf([scanner]))).toBeUndefined();
  });

  it("says who found what, and asks each under its own policy", async () => {
    const scanner = new StagedScanner("a", { headers: "blocked" });
    const screening = new Screening([member(scanner, { policy: "strict" })], {
      strategy: { type: "AnyBlocks" },
      settlesClean: true,
    });
    const verdict = await screening.decide([heads], scanContext());
    expect(verdict?.threats).toEqual([{ engine: "a", name: "a.found" }]);
    expect(scanner.asked[0]?.[1].policy).toBe("strict");
  });

  it("gives each the time that it has", async () => {
    const scanner = new StagedScanner("a", { headers: undefined });
    const screening = new Screening([member(scanner, { timeoutMs: 1 })], {
      strategy: { type: "AnyBlocks" },
      settlesClean: true,
    });
    await screening.decide([heads], scanContext());
    const signal = scanner.asked[0]?.[1].signal as AbortSignal;
    await expect.poll(() => signal.aborted).toBe(true);
  });

  it("knows at which stages somebody may decide, as of now", () => {
    const screening = screeningOf([new StagedScanner("a", { preview: undefined }), full]);
    expect([screening.has("headers"), screening.has("preview")]).toEqual([false, true]);
  });
});

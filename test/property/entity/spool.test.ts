import { createHash } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  AppendResult,
  readContent,
  readHead,
  SPOOL_DEFAULTS,
  type Spool,
  SpoolStore,
} from "../../../src/entity/index.ts";
import { TempDirectory } from "../../support/temp-directory.ts";

const directory = new TempDirectory();
let store: SpoolStore;

beforeAll(async () => {
  store = await SpoolStore.open({
    ...SPOOL_DEFAULTS,
    directory: directory.path,
    memoryBytes: 16 * 1024,
    totalMemoryBytes: 96 * 1024,
    maxPendingBytes: 8 * 1024,
  });
});
afterAll(async () => {
  await store.close();
  directory.remove();
});

const pieces = fc.array(
  fc.oneof(
    fc.uint8Array({ maxLength: 64 }),
    fc.uint8Array({ minLength: 1000, maxLength: 20_000, size: "max" }),
  ),
  { maxLength: 12 },
);

async function append(spool: Spool, piece: Uint8Array): Promise<void> {
  const shared = Buffer.from(piece);
  const drained = new Promise<void>((resolve) => {
    spool.onDrain = resolve;
  });
  const result = spool.append(shared, 0, shared.length);
  shared.fill(0xee);
  expect(result).not.toBe(AppendResult.Refused);
  if (result === AppendResult.Pause) await drained;
}

async function gather(reading: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const piece of reading) all.push(Buffer.from(piece));
  return Buffer.concat(all);
}

/** Spools bodies side by side, a piece of each in turn, so that they fight for the budget. */
async function spoolAll(bodies: readonly (readonly Uint8Array[])[]): Promise<void> {
  const spools = bodies.map(() => store.create(1_000_000));
  await Promise.all(
    bodies.map(async (body, index) => {
      const spool = spools[index] as Spool;
      for (const piece of body) await append(spool, piece);
      const whole = Buffer.concat(body);
      expect((await gather(spool.replay())).equals(whole)).toBe(true);
      const result = await spool.finish();
      if (!result.ok) throw new Error(`not kept: ${result.failure.kind}`);
      expect(result.body.size).toBe(whole.length);
      expect(result.body.sha256).toBe(createHash("sha256").update(whole).digest("hex"));
      expect((await gather(readContent(result.body.content))).equals(whole)).toBe(true);
      expect((await readHead(result.body.content, 100)).equals(whole.subarray(0, 100))).toBe(true);
      expect(result.body.head.equals(whole.subarray(0, result.body.head.length))).toBe(true);
    }),
  );
  for (const [index, spool] of spools.entries()) {
    if (index % 2 === 0) spool.dispose();
    else spool.recycle();
  }
}

describe("spools", () => {
  it("give back what they were given, and the budget too", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(pieces, { minLength: 1, maxLength: 8 }), async (bodies) => {
        await spoolAll(bodies);
        await expect.poll(() => store.budget.diskBytes, { interval: 1 }).toBe(0);
        expect(store.budget.memoryBytes).toBe(0);
      }),
      { numRuns: 150 },
    );
  });

  it("give the budget back at whatever moment they are disposed", async () => {
    await fc.assert(
      fc.asyncProperty(pieces, fc.nat({ max: 3 }), async (body, moment) => {
        const spool = store.create(60_000);
        for (const piece of body) spool.append(Buffer.from(piece), 0, piece.length);
        if (moment === 1) void spool.finish();
        if (moment === 2) await spool.finish();
        if (moment === 3) await new Promise(setImmediate);
        spool.dispose();
        await expect.poll(() => store.budget.diskBytes, { interval: 1 }).toBe(0);
        expect(store.budget.memoryBytes).toBe(0);
      }),
      { numRuns: 150 },
    );
  });
});

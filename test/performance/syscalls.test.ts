/**
 * What a transaction costs in system calls: the one figure of performance that no noise of the
 * machine can move. Each is a number that `strace -f -c` counts, not a time.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Generator } from "../../bench/load-run.ts";
import { modes } from "../../bench/modes.ts";
import { sluice } from "../../bench/peers.ts";
import { RunningPeer } from "../../bench/running-peer.ts";
import { canTrace, countSyscalls, describeSyscalls } from "../../bench/syscalls.ts";
import { buildLoadGenerator, isInstalled } from "../../bench/toolchain.ts";

const missing = ["gcc", "strace"].filter((tool) => !isInstalled(tool));
const isTraceable = missing.length === 0 && (await canTrace());
const asserted = modes.filter((mode) => mode.maxSyscalls !== undefined);

if (process.env["CI"]) {
  it("CI has gcc and a strace that may attach", () => {
    expect(missing).toEqual([]);
    expect(isTraceable).toBe(true);
  });
}

describe.skipIf(!isTraceable)("system calls per transaction (needs gcc and strace)", () => {
  let running: RunningPeer;
  let generator: Generator;

  beforeAll(async () => {
    generator = { program: buildLoadGenerator(), placement: [] };
    running = await RunningPeer.start(sluice(), { server: [] });
  });
  afterAll(() => running?.stop());

  it.each(asserted)("$title: at most $maxSyscalls", async (mode) => {
    const count = await countSyscalls(generator, running, mode);
    const { maxSyscalls = 0 } = mode;
    expect(count.perTransaction, describeSyscalls(count)).toBeLessThanOrEqual(maxSyscalls);
    // Fewer than a read and a write per transaction would mean that nothing was counted.
    expect(count.perTransaction).toBeGreaterThan(1.9);
  });
});

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type CircuitSettings,
  NOT_NEEDED,
  type Scanner,
  type Verdict,
} from "../../src/scanning/index.ts";
import { entityOf, scanContext } from "../support/samples/entities.ts";

/** A client of somebody who takes scans and does not answer them. */
export interface HangingScanner extends AsyncDisposable {
  readonly scanner: Scanner;
  /** Resolves when the other end has one more scan. */
  asked(): Promise<void>;
  /** It answers `clean` from now on. */
  recover(): void;
}

/** Things that happened, to be waited for one by one. */
export class Happenings {
  #waiting = Promise.withResolvers<void>();
  #count = 0;

  happened(): void {
    this.#count += 1;
    this.#waiting.resolve();
  }

  async next(): Promise<void> {
    while (this.#count === 0) await this.#waiting.promise;
    this.#count -= 1;
    this.#waiting = Promise.withResolvers();
  }
}

const OUT_OF_TIME = new DOMException("the time is up", "TimeoutError");
const OPEN_FOR_MS = 10_000;

/** What a remote scanner's client must make of one that hangs, whatever they speak. */
export function describeSilence(
  name: string,
  create: (circuitBreaker: CircuitSettings) => Promise<HangingScanner>,
): void {
  describe(`${name} that hangs on scans`, () => {
    let now: number;
    let hanging: HangingScanner;
    beforeEach(async () => {
      now = 0;
      hanging = await create({ failures: 1, openForMs: OPEN_FOR_MS, now: () => now });
    });
    afterEach(() => hanging[Symbol.asyncDispose]());

    const scan = (signal?: AbortSignal): Promise<Verdict> =>
      hanging.scanner.scan(entityOf("x"), scanContext(signal));
    /** A scan that has reached the scanner, and is given up so long after. */
    const giveUp = async (waitedMs: number, reason: unknown): Promise<Verdict> => {
      const stop = new AbortController();
      const verdict = scan(stop.signal);
      await hanging.asked();
      now += waitedMs;
      stop.abort(reason);
      return verdict;
    };

    it("is left alone after a scan that was out of time", async () => {
      expect((await giveUp(1000, OUT_OF_TIME)).reason).toBe("timeout");
      expect(await scan()).toMatchObject({ kind: "error", reason: "overload" });
    });

    it("is tried again after a while, and works when it does", async () => {
      await giveUp(1000, OUT_OF_TIME);
      now += OPEN_FOR_MS;
      hanging.recover();
      expect((await scan()).kind).toBe("clean");
    });

    it("is left alone again when it still hangs", async () => {
      await giveUp(1000, OUT_OF_TIME);
      now += OPEN_FOR_MS;
      await giveUp(1000, OUT_OF_TIME);
      expect((await scan()).reason).toBe("overload");
    });

    it.each([
      ["whose time was short", 999, OUT_OF_TIME],
      ["whose client went away", 60_000, new Error("gone")],
      ["whose verdict was not needed any more", 60_000, NOT_NEEDED],
    ])("is asked again after a scan %s", async (_, waitedMs, reason) => {
      await giveUp(waitedMs, reason);
      expect((await giveUp(0, reason)).reason).toBe("timeout");
    });
  });
}

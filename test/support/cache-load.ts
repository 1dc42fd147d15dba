import { expect } from "vitest";
import type { Entity } from "../../src/entity/index.ts";
import { VerdictKind } from "../../src/scanning/index.ts";
import { CountingScanner, type Pod } from "./cache-fleet.ts";
import { eicar } from "./samples/eicar.ts";
import { entityOf, scanContext } from "./samples/entities.ts";

const CONNECTIONS = 8;
export const malware = entityOf(eicar);
export const popular = Array.from({ length: 10 }, (_, index) => entityOf(`popular ${index}`));

/** A scanner that blocks EICAR, always. */
export function eicarScanner(): CountingScanner {
  const scanner = new CountingScanner();
  scanner.judge = ({ sha256 }) =>
    sha256 === malware.sha256
      ? { kind: VerdictKind.Blocked, threats: [{ name: "Eicar" }] }
      : { kind: VerdictKind.Clean, threats: [] };
  return scanner;
}

/** Mixed hits and misses over eight connections, and what became of them. */
export class CacheLoad {
  readonly pods: readonly Pod[];
  #unheard = 0;

  constructor(pods: readonly Pod[]) {
    this.pods = pods;
  }

  /** So many scans; what was answered wrongly, which is nothing if all is well. */
  async run(scans: number): Promise<string[]> {
    const wrong: string[] = [];
    let next = 0;
    const connection = async (number: number): Promise<void> => {
      const pod = this.pods[number % this.pods.length] as Pod;
      while (next < scans) {
        const index = next++;
        const entity = this.#entityFor(index);
        const expected = entity === malware ? "blocked" : "clean";
        const { kind } = await pod.scanner.scan(entity, scanContext());
        if (kind !== expected) wrong.push(`${index}: ${kind} instead of ${expected}`);
      }
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, (_, number) => connection(number)));
    return wrong;
  }

  /** The same until the condition holds. */
  async runUntil(isOver: () => boolean): Promise<string[]> {
    const wrong: string[] = [];
    while (!isOver()) wrong.push(...(await this.run(24)));
    return wrong;
  }

  /** How many reads of all pods ended so: `redis timeout`. */
  reads(kind: string): number {
    return this.pods.reduce((sum, { metrics }) => sum + (metrics.reads.get(kind) ?? 0), 0);
  }

  get failedReads(): number {
    return this.reads("redis timeout") + this.reads("redis error") + this.reads("redis skipped");
  }

  get failedWrites(): number {
    return this.pods.reduce(
      (sum, { metrics }) => sum + (metrics.writes.get("redis error") ?? 0),
      0,
    );
  }

  /** Resolves once every pod gets answers out of Redis again. */
  async recovered(timeout = 15_000): Promise<void> {
    for (const pod of this.pods) {
      const before = pod.redisHits;
      const hits = async (): Promise<number> => {
        await this.run(12);
        return pod.redisHits;
      };
      await expect.poll(hits, { timeout }).toBeGreaterThan(before);
    }
  }

  /** Every third is malware, every third is known, the rest was never seen. */
  #entityFor(index: number): Entity {
    if (index % 3 === 0) return malware;
    if (index % 3 === 1) return popular[index % popular.length] as Entity;
    this.#unheard += 1;
    return entityOf(`unheard of ${this.#unheard}`);
  }
}

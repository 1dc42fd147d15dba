import type { Entity } from "../../../src/entity/index.ts";
import {
  type ScanContext,
  type Scanner,
  type Verdict,
  VerdictKind,
} from "../../../src/scanning/index.ts";

export const cleanVerdict: Verdict = { kind: VerdictKind.Clean, threats: [] };

/** A scanner whose scans end when the test says so, with the verdict that the test says. */
export class ScriptedScanner implements Scanner {
  readonly name: string;
  epoch = "1";
  readonly maxBytes: number;
  closed = 0;
  readonly #under = new Map<number, (verdict: Verdict | Error) => void>();
  readonly contexts: ScanContext[] = [];
  readonly #started = new Map<number, () => void>();

  constructor(name = "scripted", maxBytes = 1024) {
    this.name = name;
    this.maxBytes = maxBytes;
  }

  scan(_entity: Entity, context: ScanContext): Promise<Verdict> {
    const { promise, resolve, reject } = Promise.withResolvers<Verdict>();
    const index = this.contexts.push(context) - 1;
    this.#under.set(index, (end) => (end instanceof Error ? reject(end) : resolve(end)));
    this.#started.get(index)?.();
    return promise;
  }

  /** Ends the scan with this number (from 0, in the order in which they began). */
  end(index: number, verdict: Verdict | Error = cleanVerdict): void {
    const end = this.#under.get(index);
    if (end === undefined) throw new Error(`scan ${index} has not begun`);
    this.#under.delete(index);
    end(verdict);
  }

  /** Fulfilled once the scan with this number has begun. */
  started(index: number): Promise<void> {
    if (this.contexts.length > index) return Promise.resolve();
    return new Promise((resolve) => this.#started.set(index, resolve));
  }

  async close(): Promise<void> {
    this.closed += 1;
  }
}

import { hash } from "node:crypto";
import {
  isNewer,
  type Override,
  OverrideAction,
  type OverrideRecord,
  overrideOf,
} from "./override.ts";

/** Both in milliseconds. */
export interface OverrideClocks {
  /** Since 1970, as `Date.now`: right, but may jump. */
  readonly wall: () => number;
  /** As `performance.now`: never jumps, but stands still while the machine sleeps. */
  readonly steady: () => number;
}

/** A service, as an override may name it. */
export interface ServiceName {
  readonly namespace: string;
  readonly name: string;
}

interface Kept {
  readonly record: OverrideRecord;
  /** The end on the steady clock, as it looked when the record came. */
  readonly steadyEnd: number;
}

/** Clocks of the pods differ by less, and a leap beyond it is a clock that was set. */
const CLOCK_TOLERANCE_MS = 60_000;

/**
 * The overrides that this process knows, in memory: asked with each entity, so that an answer costs a
 * look into a map, and nothing at all where there are none.
 *
 * A clock that jumps must not turn an exception into a rule: an `allow` ends when either clock says so
 * and does not hold before it was made; a `block` ends when both say so.
 */
export class OverrideSet {
  readonly #clocks: OverrideClocks;
  readonly #kept = new Map<string, Kept>();
  /** What was worked out since the last change. */
  readonly #revisions = new Map<string, string>();
  readonly #existence = new Map<string, boolean>();
  /** When something may end next, on each clock. */
  #nextWall = Number.POSITIVE_INFINITY;
  #nextSteady = Number.POSITIVE_INFINITY;
  #version = 0;

  constructor(clocks: OverrideClocks) {
    this.#clocks = clocks;
  }

  /** Another number after each change, those by time included. */
  get version(): number {
    this.#sweep();
    return this.#version;
  }

  /** Of records, removals included. */
  get size(): number {
    this.#sweep();
    return this.#kept.size;
  }

  /** All that hold, for whoever wants to read them. */
  get overrides(): readonly Override[] {
    return this.records.map(overrideOf).filter((override) => override !== undefined);
  }

  get records(): readonly OverrideRecord[] {
    this.#sweep();
    return [...this.#kept.values()].map(({ record }) => record);
  }

  record(sha256: string): OverrideRecord | undefined {
    this.#sweep();
    return this.#kept.get(sha256)?.record;
  }

  /** Takes a record over unless it is over or a newer one is known; returns the one that holds now. */
  put(record: OverrideRecord): OverrideRecord | undefined {
    const known = this.record(record.sha256);
    if (known !== undefined && !isNewer(record, known)) return known;
    const { wall, steady } = this.#clocks;
    const steadyEnd = steady() + record.expiresAt - wall();
    const kept = { record, steadyEnd };
    if (this.#isOver(kept)) return known;
    this.#kept.set(record.sha256, kept);
    this.#changed();
    return record;
  }

  /** What holds of this content in this service. */
  find(sha256: string, service: ServiceName): Override | undefined {
    if (this.#kept.size === 0) return undefined;
    this.#sweep();
    const kept = this.#kept.get(sha256);
    if (kept === undefined || !concerns(kept.record, service)) return undefined;
    const override = overrideOf(kept.record);
    const isFromFuture = kept.record.createdAt > this.#clocks.wall() + CLOCK_TOLERANCE_MS;
    return override?.action === OverrideAction.Allow && isFromFuture ? undefined : override;
  }

  /** Whether some content has such an override in this service. */
  has(action: OverrideAction, service: ServiceName): boolean {
    this.#sweep();
    if (this.#kept.size === 0) return false;
    const name = `${action} ${service.namespace}/${service.name}`;
    let isThere = this.#existence.get(name);
    if (isThere === undefined) {
      isThere = this.records.some((one) => one.action === action && concerns(one, service));
      this.#existence.set(name, isThere);
    }
    return isThere;
  }

  /** Stands for all that holds in this service, equal in all processes that know the same; "" for nothing. */
  revision(service: ServiceName): string {
    this.#sweep();
    if (this.#kept.size === 0) return "";
    const name = `${service.namespace}/${service.name}`;
    let revision = this.#revisions.get(name);
    if (revision === undefined) {
      revision = this.#revisionOf(service);
      this.#revisions.set(name, revision);
    }
    return revision;
  }

  #revisionOf(service: ServiceName): string {
    const said = this.records
      .filter((record) => record.action !== "none" && concerns(record, service))
      .map(({ sha256, action }) => `${sha256} ${action}`);
    return said.length === 0 ? "" : hash("sha256", said.sort().join("\n"), "base64url");
  }

  #sweep(): void {
    const { wall, steady } = this.#clocks;
    if (wall() < this.#nextWall && steady() < this.#nextSteady) return;
    for (const [sha256, kept] of this.#kept) {
      if (this.#isOver(kept)) this.#kept.delete(sha256);
    }
    this.#changed();
  }

  #isOver({ record, steadyEnd }: Kept): boolean {
    const isWallOver = this.#clocks.wall() >= record.expiresAt;
    const isSteadyOver = this.#clocks.steady() >= steadyEnd;
    return record.action === OverrideAction.Allow
      ? isWallOver || isSteadyOver
      : isWallOver && isSteadyOver;
  }

  #changed(): void {
    this.#version += 1;
    this.#revisions.clear();
    this.#existence.clear();
    const { wall, steady } = this.#clocks;
    const [now, steadyNow] = [wall(), steady()];
    // What one clock has ended and the other has not waits for the other.
    const ahead = (ends: readonly number[], from: number): number =>
      ends.filter((end) => end > from).reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
    const all = [...this.#kept.values()];
    const wallEnds = all.map(({ record }) => record.expiresAt);
    const steadyEnds = all.map(({ steadyEnd }) => steadyEnd);
    this.#nextWall = ahead(wallEnds, now);
    this.#nextSteady = ahead(steadyEnds, steadyNow);
  }
}

function concerns({ services }: OverrideRecord, { namespace, name }: ServiceName): boolean {
  if (services === undefined) return true;
  return services.includes(name) || services.includes(`${namespace}/${name}`);
}

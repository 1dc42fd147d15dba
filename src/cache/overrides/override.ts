/** What an operator says of one content. */
export const OverrideAction = { Allow: "allow", Block: "block" } as const;
export type OverrideAction = (typeof OverrideAction)[keyof typeof OverrideAction];

/** What an operator asks for. */
export interface OverrideInput {
  /** Of the entity, lower-case hex. */
  readonly sha256: string;
  readonly action: OverrideAction;
  readonly reason: string;
  /** Who answers for it. */
  readonly author: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  /** Names of services, alone or with their namespace (`namespace/name`); undefined: all. */
  readonly services?: readonly string[] | undefined;
}

/** An override as it is kept. */
export interface Override extends OverrideInput {
  readonly createdAt: number;
}

/**
 * What is kept of a content. A removal is kept as well, until what it removed would have expired: a
 * store that has lost it, or was given back an old value, cannot bring anything back.
 */
export interface OverrideRecord extends Omit<Override, "action"> {
  readonly action: OverrideAction | "none";
  /** Of two records of one content the one with the higher order holds. */
  readonly order: number;
}

const DAY_MS = 86_400_000;
/** An exception that nobody looks at again becomes a hole. */
export const MAX_ALLOW_MS = 90 * DAY_MS;
export const MAX_BLOCK_MS = 3650 * DAY_MS;

/** Whether a record speaks for the same bytes in the same way. */
export function isNewer(one: OverrideRecord, other: OverrideRecord): boolean {
  if (one.order !== other.order) return one.order > other.order;
  // Two operators at the same moment: every process has to come to the same.
  return encodeRecord(one) > encodeRecord(other);
}

export function overrideOf({ order, action, ...rest }: OverrideRecord): Override | undefined {
  return action === "none" ? undefined : { ...rest, action };
}

export function encodeRecord(record: OverrideRecord): string {
  const { action, reason, author, services, createdAt, expiresAt, order } = record;
  return JSON.stringify([action, reason, author, services ?? null, createdAt, expiresAt, order]);
}

/** The record, or undefined for what nobody here wrote like this. */
export function decodeRecord(sha256: string, text: string): OverrideRecord | undefined {
  const parts = partsOf(text);
  if (parts === undefined || !SHA256.test(sha256)) return undefined;
  const [action, reason, author, services, createdAt, expiresAt, order] = parts;
  if (action !== "allow" && action !== "block" && action !== "none") return undefined;
  if (typeof reason !== "string" || typeof author !== "string") return undefined;
  const times = [createdAt, expiresAt, order];
  if (!times.every(Number.isFinite) || !isNames(services)) return undefined;
  const [created, expires, place] = times as number[];
  return {
    sha256,
    action,
    reason,
    author,
    createdAt: created as number,
    expiresAt: expires as number,
    order: place as number,
    ...(services !== null && { services }),
  };
}

const SHA256 = /^[0-9a-f]{64}$/;

function partsOf(text: string): unknown[] | undefined {
  try {
    const parts: unknown = JSON.parse(text);
    return Array.isArray(parts) ? parts : undefined;
  } catch {
    return undefined;
  }
}

function isNames(value: unknown): value is readonly string[] | null {
  if (value === null) return true;
  return Array.isArray(value) && value.every((name) => typeof name === "string");
}

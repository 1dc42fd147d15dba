/** Milliseconds in each unit of time, largest last. */
const timeUnits = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
/** Bytes in each unit of size, largest last: the powers of two that Kubernetes writes so. */
const sizeUnits = { Ki: 1024, Mi: 1024 ** 2, Gi: 1024 ** 3, Ti: 1024 ** 4 } as const;

const durationPattern = /^(?<amount>\d{1,12}(?:\.\d{1,3})?)(?<unit>ms|s|m|h|d)$/;
const sizePattern = /^(?<amount>\d{1,15})(?<unit>Ki|Mi|Gi|Ti)?$/;

/** Milliseconds of `500ms`, `30s`, `1.5m`; undefined for anything else. Only 0 needs no unit. */
export function parseDuration(raw: unknown): number | undefined {
  if (raw === 0 || raw === "0") return 0;
  const { amount, unit } = (typeof raw === "string" && durationPattern.exec(raw)?.groups) || {};
  if (unit === undefined) return;
  const value = Number(amount) * timeUnits[unit as keyof typeof timeUnits];
  return Number.isInteger(value) ? value : undefined;
}

/** Bytes of `4096`, `64Ki`, `100Mi`; undefined for anything else. */
export function parseSize(raw: unknown): number | undefined {
  if (typeof raw === "number") return Number.isSafeInteger(raw) && raw >= 0 ? raw : undefined;
  const groups = typeof raw === "string" ? sizePattern.exec(raw)?.groups : undefined;
  if (groups === undefined) return;
  const unit = groups["unit"] as keyof typeof sizeUnits | undefined;
  const value = Number(groups["amount"]) * (unit === undefined ? 1 : sizeUnits[unit]);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** The shortest way to write the value in one of the units. */
function inUnits(value: number, units: Readonly<Record<string, number>>): string | undefined {
  const fitting = Object.entries(units).filter(([, one]) => value >= one && value % one === 0);
  const [unit, one] = fitting.at(-1) ?? [];
  return one === undefined ? undefined : `${value / one}${unit}`;
}

/** The inverse of `parseDuration`. */
export function formatDuration(ms: number): string {
  return inUnits(ms, timeUnits) ?? "0s";
}

/** The inverse of `parseSize`. */
export function formatSize(bytes: number): string {
  return inUnits(bytes, sizeUnits) ?? String(bytes);
}

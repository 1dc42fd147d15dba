const DURATION_UNITS_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;
const ZERO = 48;
const RATE_UNITS_MS = { s: 1000, m: 60_000, h: 3_600_000 } as const;

/** `90s`, `1h30m`, `250ms`: whole numbers with a unit, as Go and Kubernetes write them. */
export const DURATION_PATTERN = /^([0-9]{1,7}(ms|s|m|h)){1,4}$/;
/** `100/s`, `4/m`, `500/h`: a whole number per second, minute or hour. */
export const RATE_PATTERN = /^[1-9][0-9]{0,6}\/(s|m|h)$/;

/** Milliseconds of a duration that matches `DURATION_PATTERN`; NaN for any other text. */
export function durationMs(text: string): number {
  if (!DURATION_PATTERN.test(text)) {
    return Number.NaN;
  }
  let total = 0;
  let count = 0;
  for (let i = 0; i < text.length; i += 1) {
    const digit = text.charCodeAt(i) - ZERO;
    if (digit >= 0 && digit <= 9) {
      count = count * 10 + digit;
    } else {
      const unit = text.startsWith("ms", i) ? "ms" : (text[i] as "s" | "m" | "h");
      total += count * DURATION_UNITS_MS[unit];
      count = 0;
      i += unit.length - 1;
    }
  }
  return total;
}

/** A rate that matches `RATE_PATTERN` as a count within a window. */
export function rateOf(text: string): { readonly count: number; readonly perMs: number } {
  const [count, unit] = text.split("/");
  return { count: Number(count), perMs: RATE_UNITS_MS[unit as keyof typeof RATE_UNITS_MS] };
}

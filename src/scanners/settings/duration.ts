import { z } from "zod";

const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;

const FORM = "is no duration such as 500ms, 5s or 2m";

/** `500ms`, `5s`, `2m`, `1h`; becomes milliseconds. */
export const durationMs = z
  .string(FORM)
  .regex(/^\d{1,9}(?:ms|s|m|h)$/, FORM)
  .transform((text) => {
    const [, count = "", unit = "ms"] = /^(\d+)(\w+)$/.exec(text) ?? [];
    return Number(count) * unitMs[unit as keyof typeof unitMs];
  });

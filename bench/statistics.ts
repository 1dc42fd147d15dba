/** The middle of the values; the mean of the two middle ones when their number is even. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)];
  if (upper === undefined) throw new Error("no values to take the median of");
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}

export interface RatioSummary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/**
 * The ratio of two series that were measured pairwise, one after the other in the same round: what
 * disturbs the machine for a minute disturbs both and drops out.
 */
export function pairedRatio(
  values: readonly number[],
  anchors: readonly number[],
): RatioSummary | undefined {
  const ratios = values.flatMap((value, index) => {
    const anchor = anchors[index];
    return anchor === undefined || anchor === 0 ? [] : [value / anchor];
  });
  if (ratios.length === 0) return undefined;
  return { median: median(ratios), min: Math.min(...ratios), max: Math.max(...ratios) };
}

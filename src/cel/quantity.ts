const UNITS = {
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
} as const;

/** `100Mi`, `5M`, `65536`: whole bytes with a Kubernetes suffix. */
export const QUANTITY_PATTERN = /^[0-9]{1,12}(k|M|G|Ki|Mi|Gi)?$/;

/** Bytes of a quantity; NaN for a text that is none. */
export function quantityBytes(value: string | number): number {
  const text = String(value);
  const match = QUANTITY_PATTERN.exec(text);
  if (match === null) {
    return Number.NaN;
  }
  const unit = (match[1] ?? "") as keyof typeof UNITS;
  return Number(text.slice(0, text.length - unit.length)) * UNITS[unit];
}

/**
 * Header fields in the order and case they came in: `[name, value, name, value, …]`. Flat, because
 * most requests have six fields and most services look at one.
 */
export type Fields = readonly string[];

/** The first value of a field, by name in any case (RFC 3507 §4.3: as in HTTP). */
export function fieldValue(fields: Fields, name: string): string | undefined {
  const wanted = name.toLowerCase();
  for (let i = 0; i < fields.length; i += 2) {
    const candidate = fields[i] as string;
    if (candidate.length === wanted.length && candidate.toLowerCase() === wanted) {
      return fields[i + 1];
    }
  }
  return undefined;
}

/** All values of a field, in order. */
export function fieldValues(fields: Fields, name: string): string[] {
  const wanted = name.toLowerCase();
  const values: string[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    if ((fields[i] as string).toLowerCase() === wanted) values.push(fields[i + 1] as string);
  }
  return values;
}

/** Whether a comma-separated list names the token, in any case and spacing (RFC 7230 §7). */
export function listHas(list: string, token: string): boolean {
  if (list.length < token.length) return false;
  for (const item of list.split(",")) {
    if (item.trim().toLowerCase() === token) return true;
  }
  return false;
}

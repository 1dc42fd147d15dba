import { isBlank } from "./blank.ts";

/**
 * Header fields in the order and case they came in: `[name, value, name, value, …]`. Flat, because
 * most requests have six fields and most services look at one.
 */
export type Fields = readonly string[];

/**
 * Lets a folded line, without the white space around it, go on the last value, as one space
 * (RFC 7230 §3.2.4). Nothing that grows is copied: a head may be little else than folded lines.
 */
export function foldInto(fields: string[], line: string): void {
  const last = fields.length - 1;
  const value = fields[last];
  fields[last] = value === "" || line === "" ? `${value}${line}` : `${value} ${line}`;
}

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
  for (let start = 0; start <= list.length; ) {
    const comma = list.indexOf(",", start);
    const end = comma < 0 ? list.length : comma;
    if (isToken(list, start, end, token)) return true;
    start = end + 1;
  }
  return false;
}

/** Whether `list[start, end)` is the token, in any case, with nothing but blanks around it. */
function isToken(list: string, start: number, end: number, token: string): boolean {
  let from = start;
  let to = end;
  while (from < to && isBlank(list.charCodeAt(from))) from++;
  while (to > from && isBlank(list.charCodeAt(to - 1))) to--;
  if (to - from !== token.length) return false;
  return list.startsWith(token, from) || list.slice(from, to).toLowerCase() === token;
}

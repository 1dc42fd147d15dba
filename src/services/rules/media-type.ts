// `image/*`, `*/*` or a whole type, lower case, without parameters.
const PATTERN = /^(\*\/\*|[a-z0-9!#$&^_.+-]+\/(\*|[a-z0-9!#$&^_.+-]+))$/;

export function isTypePattern(text: string): boolean {
  return PATTERN.test(text);
}

/** Whether a media type without parameters matches a pattern. Nothing matches the empty type. */
export function matchesType(type: string, pattern: string): boolean {
  if (type === "" || pattern === "*/*") {
    return type !== "";
  }
  return pattern.endsWith("/*") ? type.startsWith(pattern.slice(0, -1)) : type === pattern;
}

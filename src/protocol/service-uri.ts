/** The parts of an ICAP URI that pick and parametrise a service (RFC 3507 §4.2). */
export interface ServiceUri {
  /** Normalised: starts with `/`, no doubled or trailing slash, unreserved characters decoded. */
  readonly path: string;
  /** Behind the `?`, as sent; empty when there is none. */
  readonly query: string;
}

const SCHEME = /^icaps?:\/\//i;
const ESCAPED = /%([0-9A-Fa-f]{2})/g;
const UNRESERVED = /[A-Za-z0-9\-._~]/;

/**
 * Splits an absolute `icap:` or `icaps:` URI, or undefined when it is not one. The authority is not
 * looked at: a pod answers under every name, address and port it is reached by.
 */
export function parseServiceUri(uri: string, relativeAllowed: boolean): ServiceUri | undefined {
  if (relativeAllowed && uri.startsWith("/")) return split(uri);
  const scheme = SCHEME.exec(uri);
  if (scheme === null) return undefined;
  const authority = scheme[0].length;
  const end = uri.slice(authority).search(/[/?#]/);
  if (end === 0 || authority === uri.length) return undefined;
  return split(end < 0 ? "" : uri.slice(authority + end));
}

function split(target: string): ServiceUri {
  const [pathAndQuery = ""] = target.split("#", 1);
  const mark = pathAndQuery.indexOf("?");
  if (mark < 0) return { path: normalizePath(pathAndQuery), query: "" };
  return { path: normalizePath(pathAndQuery.slice(0, mark)), query: pathAndQuery.slice(mark + 1) };
}

/** Makes the spellings of one path equal: `//echo/`, `/%65cho` and `/echo`. */
export function normalizePath(path: string): string {
  const decoded = path.replace(ESCAPED, (triplet, hex: string) => {
    const character = String.fromCharCode(Number.parseInt(hex, 16));
    return UNRESERVED.test(character) ? character : triplet.toUpperCase();
  });
  const joined = `/${decoded}`.replace(/\/{2,}/g, "/");
  return joined.length > 1 && joined.endsWith("/") ? joined.slice(0, -1) : joined;
}

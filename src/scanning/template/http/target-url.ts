/**
 * A URL that an answer gave, if it leads to an allowed host: that of the base URL or one of the
 * template's, by the same scheme, so that no vendor and nobody in between makes Sluice ask others.
 * Throws otherwise, without the URL in the reason, for it may hold a token.
 */
export function allowedUrl(
  value: unknown,
  baseOrigin: string,
  hosts: readonly string[],
): { readonly origin: string; readonly path: string } {
  const base = new URL(baseOrigin);
  const url = typeof value === "string" ? URL.parse(value, baseOrigin) : null;
  if (url === null) throw new Error("the url is none");
  if (url.protocol !== base.protocol) throw new Error("the url has another scheme than the base");
  if (url.username !== "" || url.password !== "") throw new Error("the url names a user");
  if (url.host !== base.host && !hosts.some((pattern) => isHost(url.host, pattern))) {
    throw new Error("the url leads to a host that the template does not allow");
  }
  return { origin: url.origin, path: url.pathname + url.search };
}

/** Whether a host with its port is the pattern, or lies below it where that begins with `*.`. */
function isHost(host: string, pattern: string): boolean {
  const wanted = pattern.toLowerCase();
  return wanted.startsWith("*.") ? host.endsWith(wanted.slice(1)) : host === wanted;
}

import { hostName } from "./host-name.ts";

/** What lists know a URL by. */
export interface WebAddress {
  /** In the form of `hostName`. */
  readonly host: string;
  /** Empty when it is the usual one of the scheme. */
  readonly port: string;
  /** From the slash on, with the query. */
  readonly path: string;
}

/** `www`, `web` and `ftp`, with a number or without, do not count in URL lists (squidGuard). */
const ignoredHost = /^(?:www|web|ftp)\d{0,3}\.(?=[^.]+\.)/;

/** Prefixes of a path that are looked up; what lies deeper is found by its exact URL only. */
const MAX_PREFIXES = 16;

/** Takes a URL apart; without a scheme it is taken for one of HTTP. Undefined when it is none. */
export function webAddress(text: string): WebAddress | undefined {
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`);
  if (url === null) return undefined;
  const host = hostName(url.hostname);
  if (host === undefined) return undefined;
  return { host, port: url.port, path: `${samePath(url.pathname)}${url.search}` };
}

/** One spelling for what servers take for the same path: `//a/%62`, `/a/b`. */
function samePath(pathname: string): string {
  return pathname
    .replace(/%[0-9a-f]{2}/gi, (octet) => {
      const character = String.fromCharCode(Number.parseInt(octet.slice(1), 16));
      return /[\w.~-]/.test(character) ? character : octet.toUpperCase();
    })
    .replace(/\/{2,}/g, "/");
}

/** How an entry of a URL list is kept. */
export function urlEntry({ host, port, path }: WebAddress): string {
  return `${host.replace(ignoredHost, "")}${port === "" ? "" : `:${port}`}${withoutSlash(path)}`;
}

/** Every entry that this URL is under: the whole of it, and each of its paths, at any port and its own. */
export function* urlEntriesAbove({ host, port, path }: WebAddress): Generator<string> {
  const name = host.replace(ignoredHost, "");
  const authorities = port === "" ? [name] : [name, `${name}:${port}`];
  const paths = new Set(pathsAbove(path));
  for (const authority of authorities) {
    for (const prefix of paths) yield `${authority}${prefix}`;
  }
}

function* pathsAbove(path: string): Generator<string> {
  yield withoutSlash(path);
  const question = path.indexOf("?");
  const pathname = question < 0 ? path : path.slice(0, question);
  yield withoutSlash(pathname);
  let slash = 0;
  for (let count = 0; count < MAX_PREFIXES && slash >= 0; count += 1) {
    yield pathname.slice(0, slash);
    slash = pathname.indexOf("/", slash + 1);
  }
}

function withoutSlash(path: string): string {
  return path.endsWith("/") ? path.slice(0, -1) : path;
}

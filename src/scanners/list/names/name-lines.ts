import { isIP } from "node:net";
import { parse } from "tldts";
import { hostName, isAddress } from "./host-name.ts";
import { NameKind } from "./name-kind.ts";
import { urlEntry, webAddress } from "./web-address.ts";

/** Takes the entries of a line, in the form that they are looked up by. */
export type TakeName = (kind: NameKind, name: string, exception?: boolean) => void;

/** Reads a line of a list; false when it says nothing that can be understood. */
export type ReadNameLine = (line: string, take: TakeName) => boolean;

/** A comment from here on, when it is at the start or after a blank. */
const comment = /(?:^|\s)(?:[#;!]|\/\/).*$/s;

/** What most lines of a list of domains are. */
const plainName = /^(?:[a-z0-9_-]+\.)+[a-z]{2,63}$/;

/**
 * A list of one name a line: `example.com` (and what is below), `.example.com` (the same),
 * `*.example.com` (what is below), `||example.com^` (the same as the first), an address, or a URL.
 */
export function readPlainLine(line: string, take: TakeName): boolean {
  if (plainName.test(line)) return readDomain(line, take);
  const entry = line.replace(comment, "").trim();
  if (entry === "") return true;
  if (entry.startsWith("||") && entry.endsWith("^")) return readDomain(entry.slice(2, -1), take);
  if (entry.startsWith("*.")) return readBelow(entry.slice(2), take);
  if (entry.startsWith(".")) return readDomain(entry.slice(1), take);
  if (/\s/.test(entry)) return false;
  if (/^[^[]*[/:]/.test(entry) && isIP(entry) === 0) return readUrlLine(entry, take);
  return readDomain(entry, take);
}

/** A line of a URL list: `example.com/path`, with or without a scheme. */
export function readUrlLine(line: string, take: TakeName): boolean {
  const entry = line.replace(/^\s*#.*$/s, "").trim();
  if (entry === "") return true;
  const address = /\s/.test(entry) ? undefined : webAddress(entry);
  if (address === undefined || isPublicSuffix(address.host)) return false;
  take(NameKind.Url, urlEntry(address));
  return true;
}

/** Names of the machine itself that hosts files begin with. */
const ownNames = /^(?:localhost|local|broadcasthost|ip6-\w+|0\.0\.0\.0|localhost\.localdomain)$/;

/** A line of a hosts file: an address, and the names that it is given. */
export function readHostsLine(line: string, take: TakeName): boolean {
  const [address, ...names] = line.replace(/#.*$/s, "").trim().split(/\s+/);
  if (address === undefined || address === "") return true;
  if (isIP(address) === 0 || names.length === 0) return false;
  let isUnderstood = true;
  for (const text of names) {
    const name = hostName(text);
    if (name === undefined) isUnderstood = false;
    else if (!ownNames.test(name)) take(NameKind.Host, name);
  }
  return isUnderstood;
}

function readDomain(text: string, take: TakeName): boolean {
  const name = hostName(text);
  if (name === undefined || isPublicSuffix(name)) return false;
  take(isAddress(name) ? NameKind.Host : NameKind.Domain, name);
  return true;
}

function readBelow(text: string, take: TakeName): boolean {
  const name = hostName(text);
  if (name === undefined || isAddress(name)) return false;
  take(NameKind.Below, name);
  return true;
}

/**
 * `com` or `co.uk` as a domain would stand for a part of the internet; who means that writes
 * `*.co.uk`.
 */
function isPublicSuffix(name: string): boolean {
  // Only the shortest are worth the question.
  if (name.indexOf(".") !== name.lastIndexOf(".")) return false;
  const { domain, isIcann } = parse(name, { extractHostname: false, validateHostname: false });
  return domain === null && isIcann === true;
}

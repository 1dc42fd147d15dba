import { CacheScope } from "../../scanning/index.ts";
import { domainsOf, hostName } from "../list/names/host-name.ts";
import { webAddress } from "../list/names/web-address.ts";
import type { SubjectFacts } from "../serve/scan-engine.ts";

/** What a query can be asked with; one that is not known is NULL. */
export const bindingNames = [
  "sha256",
  "sha1",
  "md5",
  "url",
  "host",
  "domain",
  "domains",
  "user",
  "groups",
  "client",
  "filename",
  "extension",
  "declared_type",
  "detected_type",
  "method",
  "status",
  "direction",
  "service",
  "policy",
] as const;
export type Binding = (typeof bindingNames)[number];

/** A value, or the values of a list. */
export type BindingValue = string | number | null | readonly string[];
export type BindingValues = Readonly<Record<Binding, BindingValue>>;

/** The hashes of content, as far as they are known. */
export type KnownHashes = { readonly [Each in "sha256" | "sha1" | "md5"]?: string | undefined };

export type ArrayBinding = "domains" | "groups";

export function isArrayBinding(binding: Binding): binding is ArrayBinding {
  return binding === "domains" || binding === "groups";
}

/** The facts of a request as values. The host is that of the URL where there is one. */
export function bindingValues(facts: SubjectFacts, hashes: KnownHashes): BindingValues {
  const { identity, fileName } = facts;
  const host = hostOf(facts);
  const domains = host === undefined ? [] : domainsOf(host);
  return {
    sha256: hashes.sha256 ?? null,
    sha1: hashes.sha1 ?? null,
    md5: hashes.md5 ?? null,
    url: text(facts.url),
    host: text(host),
    domain: text(domains.at(-1)),
    domains,
    user: text(identity?.user),
    groups: (identity?.groups ?? []).map(wellFormed),
    client: text(identity?.address),
    filename: text(fileName),
    extension: text(fileName === undefined ? undefined : extensionOf(fileName)),
    declared_type: text(facts.declaredType),
    detected_type: text(facts.detectedType),
    method: text(facts.httpMethod),
    status: facts.httpStatus ?? null,
    direction: text(facts.direction),
    service: text(facts.service),
    policy: text(facts.policy),
  };
}

/** What the key of a cache is made of, and so which bindings a verdict may depend on. */
const scopes: readonly (readonly [CacheScope, readonly Binding[]])[] = [
  [CacheScope.Content, ["sha256", "sha1", "md5"]],
  [CacheScope.Host, ["host", "domain", "domains"]],
  [CacheScope.Url, ["url", "host", "domain", "domains"]],
  [CacheScope.ContentAndUrl, ["sha256", "sha1", "md5", "url", "host", "domain", "domains"]],
  [CacheScope.ContentAndType, ["sha256", "sha1", "md5", "declared_type"]],
  [CacheScope.User, ["sha256", "sha1", "md5", "user"]],
];

/** The least that a verdict of a query with these bindings depends on. */
export function cacheScopeOf(uses: ReadonlySet<Binding>): CacheScope {
  const enough = scopes.find(([, bindings]) => uses.isSubsetOf(new Set(bindings)));
  return enough?.[0] ?? CacheScope.None;
}

/** What a query can only be asked with when URL and host are understood. */
const ofHosts: ReadonlySet<Binding> = new Set(["host", "domain", "domains"]);

/** The request says where it goes, but not in a way that these bindings could be made of. */
export function isMisunderstood({ url, host }: SubjectFacts, uses: ReadonlySet<Binding>): boolean {
  const isUnread =
    (url !== undefined && webAddress(url) === undefined) ||
    (host !== undefined && hostName(host) === undefined);
  return isUnread && !uses.isDisjointFrom(ofHosts);
}

/** Every value that these bindings stand for is missing: no row can mean anything then. */
export function areUnknown(values: BindingValues, uses: ReadonlySet<Binding>): boolean {
  return uses.size > 0 && [...uses].every((one) => (values[one]?.toString() ?? "") === "");
}

function hostOf({ url, host }: SubjectFacts): string | undefined {
  const ofUrl = url === undefined ? undefined : webAddress(url)?.host;
  return ofUrl ?? (host === undefined ? undefined : hostName(host));
}

function extensionOf(fileName: string): string | undefined {
  return /\.([^./\\\s]{1,16})$/.exec(fileName)?.[1]?.toLowerCase();
}

function text(value: string | undefined): string | null {
  return value === undefined ? null : wellFormed(value);
}

/** Without what a database refuses in a text: it would be an error where there is just no match. */
function wellFormed(value: string): string {
  return value.toWellFormed().replaceAll("\0", "\uFFFD");
}

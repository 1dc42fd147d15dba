import { describe, expect, it } from "vitest";
import { coversScope, type KeyedScanner, verdictKey } from "../../../src/cache/cache-key.ts";
import { CacheScope, type JudgedContext } from "../../../src/scanning/index.ts";

const entity = { sha256: "a".repeat(64), declaredType: "text/plain", fileName: "a.txt" };
const context: JudgedContext = {
  url: "http://files.example/a.txt",
  host: "files.example",
  identity: { user: "jane" },
};
const scanner = (scope: CacheScope, identity = "clamav@1"): KeyedScanner => ({
  name: "IcapScanner/a/clamav",
  identity,
  scope,
});
const content = scanner(CacheScope.Content);
const digest = (...[by, epoch, what, where]: Parameters<typeof verdictKey>) =>
  verdictKey(by, epoch, what, where)?.digest;

/** What changes one part of the transaction, by the part. */
const changes = {
  content: { entity: { ...entity, sha256: "b".repeat(64) }, context },
  type: { entity: { ...entity, declaredType: "image/png" }, context },
  name: { entity: { ...entity, fileName: "b.txt" }, context },
  url: { entity, context: { ...context, url: "http://files.example/b.txt" } },
  host: { entity, context: { ...context, host: "other.example" } },
  user: { entity, context: { ...context, identity: { user: "john" } } },
  address: { entity, context: { ...context, identity: { user: "jane", address: "10.0.0.2" } } },
  groups: { entity, context: { ...context, identity: { user: "jane", groups: ["staff"] } } },
};
const dependencies: Record<CacheScope, readonly string[]> = {
  content: ["content"],
  "content+type": ["content", "type"],
  "content+name": ["content", "type", "name"],
  "content+url": ["content", "type", "name", "url", "host"],
  url: ["url"],
  host: ["host"],
  user: ["content", "type", "name", "user", "address", "groups"],
  none: [],
};
const scopes = Object.values(CacheScope).filter((scope) => scope !== CacheScope.None);

describe("the key of a verdict", () => {
  it.each(
    scopes.flatMap((scope) =>
      Object.entries(changes).map(([part, changed]) => ({ scope, part, changed })),
    ),
  )("of the scope $scope depends on the $part only where it should", ({ scope, part, changed }) => {
    const before = digest(scanner(scope), "e1", entity, context);
    const after = digest(scanner(scope), "e1", changed.entity, changed.context);
    expect(after !== before).toBe(dependencies[scope].includes(part));
  });

  it.each([
    ["scanner", scanner(CacheScope.Content, "yara@1"), "e1", context],
    ["epoch", content, "e2", context],
    ["policy", content, "e1", { ...context, policy: "strict" }],
    ["wish for new content", content, "e1", { ...context, takesReplacement: true }],
    ["scope", scanner(CacheScope.ContentAndType), "e1", context],
  ] as const)("is another for another %s", (_what, by, epoch, where) => {
    expect(digest(by, epoch, entity, where)).not.toBe(digest(content, "e1", entity, context));
  });

  it("is the same each time", () => {
    expect(digest(content, "e1", entity, context)).toBe(digest(content, "e1", entity, context));
  });

  it("does not confuse parts that look alike when put together", () => {
    const one = digest(scanner(CacheScope.Content, "a"), 'b","c', entity, context);
    const other = digest(scanner(CacheScope.Content, 'a","b'), "c", entity, context);
    expect(one).not.toBe(other);
  });

  it("is 192 bits of base64url", () => {
    expect(digest(content, "e1", entity, context)).toMatch(/^[\w-]{32}$/);
  });

  it.each([
    [CacheScope.None, context],
    [CacheScope.Url, { ...context, url: undefined }],
    [CacheScope.ContentAndUrl, { ...context, url: undefined }],
    [CacheScope.Host, { ...context, host: undefined }],
    [CacheScope.User, { ...context, identity: undefined }],
    [CacheScope.User, { ...context, identity: { address: "10.0.0.1" } }],
  ] as const)("is none for the scope %s where it is not known", (scope, where) => {
    expect(verdictKey(scanner(scope), "e1", entity, where)).toBeUndefined();
  });
});

describe("a declared scope", () => {
  it.each([
    ["content", "content"],
    ["content+type", "content"],
    ["content+name", "content+type"],
    ["content+url", "url"],
    ["content+url", "host"],
    ["content+url", "content+name"],
    ["user", "content+type"],
    ["url", "host"],
    ["user", "content"],
  ] as const)("of %s holds for a verdict of %s", (declared, own) => {
    expect(coversScope(declared, own)).toBe(true);
  });

  it.each([
    ["content", "content+type"],
    ["content", "url"],
    ["content", "user"],
    ["content", "none"],
    ["content+type", "content+name"],
    ["content+type", "content+url"],
    ["url", "content"],
    ["host", "url"],
    ["none", "content"],
  ] as const)("of %s does not hold for a verdict of %s", (declared, own) => {
    expect(coversScope(declared, own)).toBe(false);
  });
});

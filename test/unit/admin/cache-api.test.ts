import { writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLogger } from "../../../src/telemetry/index.ts";
import { CacheAdmin, SCANNER, TOKEN } from "../../support/cache-admin.ts";

const DAY_MS = 86_400_000;
const HASH = "a".repeat(64);
const inDays = (days: number): string => new Date(Date.now() + days * DAY_MS).toISOString();
const order = { action: "block", reason: "leaked document", expiresAt: inDays(1) };

/** Members that some answers have. */
interface Answer {
  readonly verdicts: readonly unknown[];
  readonly overrides: readonly unknown[];
  readonly removed: { readonly action: string };
}

let admin: CacheAdmin;
beforeEach(async () => {
  admin = await CacheAdmin.start();
});
afterEach(() => admin[Symbol.asyncDispose]());

async function asked(method: string, path: string, body?: unknown) {
  const response = await admin.ask(method, path, { body });
  return { status: response.status, json: (await response.json()) as Answer };
}

describe("access", () => {
  it("is for those with a token, whatever its line", async () => {
    const second = await admin.ask("GET", "stats", { token: "n".repeat(32) });
    expect([(await asked("GET", "stats")).status, second.status]).toEqual([200, 200]);
  });

  it.each([
    ["none", ""],
    ["a wrong one", "x".repeat(39)],
    ["the beginning of one", TOKEN.slice(0, -1)],
    ["the name of its owner", "ada"],
  ])("is refused with %s", async (_what, token) => {
    const response = await admin.ask("GET", "stats", { token });
    const { headers } = response;
    expect([response.status, headers.get("www-authenticate")]).toEqual([
      401,
      'Bearer realm="sluice"',
    ]);
  });

  it("is refused before anything is said about what there is", async () => {
    expect((await admin.ask("GET", "nothing", { token: "x" })).status).toBe(401);
  });

  it("ends with the token", async () => {
    writeFileSync(admin.tokenFile, `bob ${"b".repeat(40)}\n`);
    await expect
      .poll(async () => (await asked("GET", "stats")).status, { timeout: 10_000 })
      .toBe(401);
    expect((await admin.ask("GET", "stats", { token: "b".repeat(40) })).status).toBe(200);
  });

  it("is nobody's while the file holds no tokens", async () => {
    writeFileSync(admin.tokenFile, "too short\n");
    await expect
      .poll(async () => (await asked("GET", "stats")).status, { timeout: 10_000 })
      .toBe(401);
    expect(admin.lines.filter(({ msg }) => msg === "admin tokens cannot be read")).toHaveLength(1);
  });

  it("is nobody's without a file", async () => {
    await using off = await CacheAdmin.start({ hasTokens: false });
    const response = await off.ask("GET", "stats");
    expect([response.status, await response.json()]).toMatchObject([
      404,
      { detail: "admin.tokenFile is not set" },
    ]);
  });

  it("is refused without a line in the log from the eleventh time on; a token still opens", async () => {
    const statuses: number[] = [];
    for (let i = 0; i < 12; i++) {
      statuses.push((await admin.ask("GET", "stats", { token: "x" })).status);
    }
    const lines = admin.audit.length;
    expect([statuses.slice(9), lines, (await asked("GET", "stats")).status]).toEqual([
      [401, 429, 429],
      10,
      200,
    ]);
  });
});

describe("the statistics", () => {
  it("tell what is held, how reads ended, and what operators said", async () => {
    await admin.remember("one");
    await asked("PUT", `overrides/${HASH}`, order);
    expect((await asked("GET", "stats")).json).toMatchObject({
      tiers: [{ tier: "memory", available: true, entries: 1, reads: { miss: 1 } }],
      overrides: { storage: "memory", allow: 0, block: 1 },
      processes: 1,
    });
  });
});

describe("a lookup", () => {
  it("tells what is remembered, of which scanner, and until when", async () => {
    const sha256 = await admin.remember("one");
    const { json } = await asked("GET", `lookup/${sha256.toUpperCase()}`);
    expect(json).toMatchObject({
      sha256,
      verdicts: [{ scanner: SCANNER, verdict: "blocked", threats: ["Eicar"] }],
      scanners: [{ scanner: SCANNER, scope: "content" }],
    });
  });

  it("tells what an operator said", async () => {
    await asked("PUT", `overrides/${HASH}`, order);
    const { json } = await asked("GET", `lookup/${HASH}`);
    expect(json).toMatchObject({ override: { action: "block", author: "ada" }, verdicts: [] });
  });

  it.each(["lookup/abc", `lookup/${HASH}?size=1`])("of %s is not valid", async (path) => {
    expect((await asked("GET", path)).status).toBe(422);
  });
});

describe("a purge", () => {
  it.each([
    ["of the scanner", () => ({ scanner: "clamav" }), 0],
    ["of another scanner", () => ({ scanner: "other" }), 1],
    ["of the content", (sha256: string) => ({ sha256 }), 0],
    ["of another content", () => ({ sha256: HASH }), 1],
    ["of all", () => ({ all: true }), 0],
    ["of what is older", () => ({ all: true, before: "2020-01-01T00:00:00Z" }), 1],
  ])("%s leaves what it should", async (_what, selection, left) => {
    const sha256 = await admin.remember("one");
    const { status } = await asked("POST", "purge", selection(sha256));
    const { json } = await asked("GET", `lookup/${sha256}`);
    expect([status, json.verdicts.length]).toEqual([200, left]);
  });

  it.each([
    ["clamav", [SCANNER]],
    [SCANNER, [SCANNER]],
    ["clam", []],
  ])("of %s tells which scanners are called so", async (scanner, scanners) => {
    await admin.remember("one");
    expect((await asked("POST", "purge", { scanner })).json).toMatchObject({ scanners });
  });

  it("of a content names no scanners", async () => {
    expect((await asked("POST", "purge", { sha256: HASH })).json).not.toHaveProperty("scanners");
  });

  it.each([
    [{}],
    [{ before: "2020-01-01T00:00:00Z" }],
    [{ all: true, scanner: "clamav" }],
    [{ sha256: "abc" }],
    [{ before: "yesterday", all: true }],
    [{ before: "2999-01-01T00:00:00Z", all: true }],
    [{ scaner: "clamav" }],
    ["all"],
  ])("of %j is not valid and purges nothing", async (body) => {
    const sha256 = await admin.remember("one");
    const { status } = await asked("POST", "purge", body);
    const { json } = await asked("GET", `lookup/${sha256}`);
    expect([status, json.verdicts.length]).toEqual([422, 1]);
  });
});

describe("an override", () => {
  it("is made, replaced, listed and removed", async () => {
    const made = await asked("PUT", `overrides/${HASH}`, order);
    const replaced = await asked("PUT", `overrides/${HASH}`, { ...order, action: "allow" });
    const listed = await asked("GET", "overrides");
    const removed = await asked("DELETE", `overrides/${HASH}`);
    const gone = await asked("GET", `overrides/${HASH}`);
    expect([made.status, replaced.status, removed.status, gone.status]).toEqual([
      201, 200, 200, 404,
    ]);
    expect([listed.json.overrides, removed.json.removed.action]).toMatchObject([
      [{ sha256: HASH, action: "allow", reason: "leaked document", author: "ada" }],
      "allow",
    ]);
  });

  it("has the author that is named, and the services", async () => {
    const body = { ...order, author: "bob", services: ["scan", "web/upload"] };
    const { json } = await asked("PUT", `overrides/${HASH}`, body);
    expect(json).toMatchObject({
      storage: "memory",
      override: { author: "bob", services: ["scan", "web/upload"] },
    });
  });

  it.each([
    ["without a reason", { reason: undefined }],
    ["with an empty reason", { reason: " " }],
    ["with a reason of two lines", { reason: "a\nb" }],
    ["with a reason that is too long", { reason: "x".repeat(501) }],
    ["without an end", { expiresAt: undefined }],
    ["that is over", { expiresAt: "2020-01-01T00:00:00Z" }],
    ["to allow for 91 days", { action: "allow", expiresAt: inDays(91) }],
    ["to do something else", { action: "skip" }],
    ["for no service", { services: [] }],
    ["with a member of another name", { expires: 1 }],
  ])("%s is not valid", async (_what, changes) => {
    const { status } = await asked("PUT", `overrides/${HASH}`, { ...order, ...changes });
    expect([status, admin.overrides.all]).toEqual([422, []]);
  });
});

describe("a request of the API", () => {
  it.each([
    ["GET", "nothing", 404],
    ["GET", "lookup", 404],
    ["GET", `overrides/${HASH}/more`, 404],
    ["POST", "stats", 405],
    ["PATCH", `overrides/${HASH}`, 405],
    ["DELETE", `overrides/${HASH}`, 404],
  ])("%s %s is answered %i, as a problem", async (method, path, status) => {
    const response = await admin.ask(method, path);
    expect([response.status, response.headers.get("content-type")]).toEqual([
      status,
      "application/problem+json",
    ]);
  });

  it.each([
    ["application/json", "{", 400],
    ["text/plain", "{}", 415],
    ["application/json", JSON.stringify({ scanner: "x".repeat(20_000) }), 413],
  ])("with a body of %s %.20s is answered", async (type, body, status) => {
    const headers = { authorization: `Bearer ${TOKEN}`, "content-type": type };
    const response = await fetch(`${admin.url}/v1/cache/purge`, { method: "POST", headers, body });
    expect(response.status).toBe(status);
  });
});

describe("the audit", () => {
  it("has a line for each purge: who, from where, what", async () => {
    await asked("POST", "purge", { scanner: "clamav" });
    expect(admin.audit).toEqual([
      {
        operation: "purge",
        actor: "ada",
        peer: "127.0.0.1",
        scanner: "clamav",
        scanners: [],
        result: "done",
        status: 200,
      },
    ]);
  });

  it("is written whatever the level is", async () => {
    const written: object[] = [];
    await using strict = await CacheAdmin.start({
      logger: {
        ...silentLogger,
        audit: (level, msg, fields) => written.push({ level, msg, ...fields }),
      },
    });
    await strict.ask("POST", "purge", { body: { all: true } });
    await strict.ask("POST", "purge", { token: "x" });
    expect(written).toMatchObject([
      { level: "info", msg: "audit", operation: "purge" },
      { level: "warn", msg: "audit", operation: "authenticate" },
    ]);
  });

  it("has a line for each change of an override, with what was before and is now", async () => {
    await asked("PUT", `overrides/${HASH}`, order);
    await asked("DELETE", `overrides/${HASH}`);
    expect(admin.audit).toMatchObject([
      { operation: "set-override", before: undefined, after: { action: "block" }, result: "done" },
      { operation: "remove-override", before: { action: "block" }, result: "done", status: 200 },
    ]);
  });

  it("has a line for what was refused, and why", async () => {
    const body = { ...order, action: "allow", expiresAt: inDays(91) };
    await asked("PUT", `overrides/${HASH}`, body);
    expect(admin.audit).toMatchObject([
      {
        actor: "ada",
        sha256: HASH,
        wanted: { action: "allow" },
        result: "refused",
        status: 422,
        detail: "allow lasts for 90 days at most",
      },
    ]);
  });

  it("has a line for who has no access, and none for who only reads", async () => {
    await admin.ask("POST", "purge", { token: "x" });
    await asked("GET", "stats");
    expect(admin.audit).toEqual([
      { operation: "authenticate", peer: "127.0.0.1", method: "POST", result: "unauthorized" },
    ]);
  });

  it("names who has a token without a name by the token's hash", async () => {
    await admin.ask("POST", "purge", { token: "n".repeat(32), body: { all: true } });
    expect(admin.audit).toMatchObject([{ actor: expect.stringMatching(/^token-[0-9a-f]{8}$/) }]);
  });

  it("is counted", async () => {
    await asked("POST", "purge", { all: true });
    await asked("POST", "purge", {});
    const text = await (await fetch(`${admin.url}/metrics`)).text();
    expect(text).toContain('sluice_admin_operations_total{operation="purge",result="done"} 1');
    expect(text).toContain('sluice_admin_operations_total{operation="purge",result="refused"} 1');
  });

  it("never holds a token", async () => {
    await asked("POST", "purge", { all: true });
    await asked("PUT", `overrides/${HASH}`, order);
    await admin.ask("GET", "stats", { token: `${TOKEN}x` });
    writeFileSync(admin.tokenFile, `ada ${TOKEN} ${TOKEN}\n`);
    await expect
      .poll(async () => (await asked("GET", "stats")).status, { timeout: 10_000 })
      .toBe(401);
    expect(JSON.stringify(admin.lines)).not.toContain(TOKEN.slice(7));
  });
});

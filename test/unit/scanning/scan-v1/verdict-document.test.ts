import { describe, expect, it } from "vitest";
import type { Replacement } from "../../../../src/scanning/index.ts";
import { answerOf, type Reply } from "../../../../src/scanning/scan-v1/answer.ts";

const verdictOf = (document: object, reply: Partial<Reply> = {}) =>
  answerOf({ status: 200, headers: {}, json: JSON.stringify(document), ...reply }).verdict;

function contentOf(): Replacement & { disposed: number } {
  const data = Buffer.from("new");
  const body = { content: { kind: "memory", data }, size: 3, sha256: "", head: data } as const;
  const dispose = (): void => {
    content.disposed += 1;
  };
  const content = { body, disposed: 0, dispose };
  return content;
}

describe("a verdict document", () => {
  it("tells the score", () => {
    expect(verdictOf({ verdict: "suspicious", score: 0.4 }).score).toBe(0.4);
  });

  it.each([
    ["more than 1", 1.1],
    ["less than 0", -0.1],
    ["a text", "1"],
  ])("with a score of %s is an error", (_name, score) => {
    expect(verdictOf({ verdict: "clean", score }).kind).toBe("error");
  });

  it("comes with the epoch of the very engine that judged", () => {
    expect(verdictOf({ verdict: "clean" }, { headers: { "scan-epoch": "e-2" } }).epoch).toBe("e-2");
  });

  it("that blocks has the kinds of its findings for threats, behind those that it names", () => {
    const verdict = verdictOf({
      verdict: "blocked",
      threats: [{ name: "Eicar" }],
      findings: [{ type: "CREDIT_CARD", count: 2, match: "4111 1111 1111 1111", path: "a.txt" }],
      categories: [{ name: "gambling", score: 0.8 }],
    });
    expect(verdict.threats).toEqual([
      { name: "Eicar" },
      { name: "CREDIT_CARD", path: "a.txt" },
      { name: "gambling" },
    ]);
    expect(JSON.stringify(verdict)).not.toContain("4111");
  });

  it.each([
    ["several lines", "secret\nkey"],
    ["more than a name has", "x".repeat(65)],
    ["nothing", ""],
    ["an address", "jo@example.com"],
  ])("shows no finding whose kind is %s", (_name, type) => {
    expect(verdictOf({ verdict: "blocked", findings: [{ type }] }).threats).toEqual([]);
  });

  it("that is clean does not accuse the entity of its category", () => {
    expect(verdictOf({ verdict: "clean", categories: [{ name: "news" }] }).threats).toEqual([]);
  });

  it.each([
    ["threats", { threats: [{ name: "x" }], findings: [{ type: "x" }] }, "malware"],
    ["findings", { findings: [{ type: "x" }], categories: [{ name: "x" }] }, "dlp"],
    ["categories", { categories: [{ name: "x" }] }, "category"],
    ["nothing", {}, "policy"],
    ["a reason of its own", { reason: "sandbox", threats: [{ name: "x" }] }, "sandbox"],
  ])("that blocks with %s has a reason", (_name, document, reason) => {
    expect(verdictOf({ verdict: "blocked", ...document }).reason).toBe(reason);
  });

  it("has a hundred threats at most, all kinds together", () => {
    const threats = Array.from({ length: 99 }, (_, index) => ({ name: `t${index}` }));
    const findings = [{ type: "a" }, { type: "b" }];
    expect(verdictOf({ verdict: "blocked", threats, findings }).threats).toHaveLength(100);
  });

  it("keeps what it says of an incident to itself", () => {
    const verdict = verdictOf({ verdict: "blocked", incidentId: "I-1", modifications: [{}] });
    expect(verdict).toEqual({ kind: "blocked", reason: "policy", threats: [] });
  });
});

describe("what may be remembered of a verdict", () => {
  const adviceOf = (cache: object | undefined, headers: Reply["headers"] = {}) =>
    verdictOf({ verdict: "clean", cache }, { headers }).cache;

  it.each([
    ["nothing", undefined, {}, undefined],
    ["a time", { ttl: 60 }, {}, { ttlMs: 60_000 }],
    ["a scope", { scope: "content+url" }, {}, { scope: "content+url" }],
    ["a scope that nobody knows", { scope: "content+moon" }, {}, { scope: "none" }],
    ["a time beyond all bounds", { ttl: 1e12 }, {}, { ttlMs: 366 * 24 * 3600 * 1000 }],
    ["no-store", { ttl: 60 }, { "cache-control": "no-store" }, { ttlMs: 0 }],
    ["no-cache", undefined, { "cache-control": "No-Cache" }, { ttlMs: 0 }],
    ["private", undefined, { "cache-control": "private, max-age=9" }, { ttlMs: 0 }],
    ["max-age", undefined, { "cache-control": "max-age=9" }, { ttlMs: 9000 }],
    ["a quoted max-age", undefined, { "cache-control": 'max-age="9"' }, { ttlMs: 9000 }],
    ["max-age and an Age", undefined, { "cache-control": "max-age=9", age: "4" }, { ttlMs: 5000 }],
    ["an Age beyond it", undefined, { "cache-control": "max-age=9", age: "10" }, { ttlMs: 0 }],
    ["s-maxage", undefined, { "cache-control": "max-age=9, s-maxage=3" }, { ttlMs: 3000 }],
    ["a max-age that is none", undefined, { "cache-control": "max-age=x" }, { ttlMs: 0 }],
    ["two fields", undefined, { "cache-control": ["public", "max-age=9"] }, { ttlMs: 9000 }],
    ["the document, less", { ttl: 3 }, { "cache-control": "max-age=9" }, { ttlMs: 3000 }],
    ["the field, less", { ttl: 60 }, { "cache-control": "max-age=9" }, { ttlMs: 9000 }],
  ])("is said by %s", (_name, cache, headers, advice) => {
    expect(adviceOf(cache, headers)).toEqual(advice);
  });

  it("in another form makes an error", () => {
    expect(verdictOf({ verdict: "clean", cache: { ttl: -1 } }).kind).toBe("error");
  });
});

describe("replaced content", () => {
  it("goes with the verdict modified", () => {
    const content = contentOf();
    const verdict = verdictOf({ verdict: "modified" }, { content });
    expect(verdict).toMatchObject({ kind: "modified", replacement: content });
    expect(content.disposed).toBe(0);
  });

  it.each([
    ["blocked", { verdict: "blocked" }, "blocked"],
    ["clean", { verdict: "clean" }, "clean"],
    ["error", { verdict: "error" }, "error"],
    ["pending", { verdict: "pending" }, "error"],
    ["continue", { verdict: "continue" }, "error"],
  ])("is let go when what is said behind it is %s", (_name, document, kind) => {
    const content = contentOf();
    const reply = { content, inTrailer: true, headers: { "scan-verdict": "modified" } };
    const verdict = verdictOf(document, reply);
    expect(verdict).toMatchObject({ kind });
    expect(verdict).not.toHaveProperty("replacement");
    expect(content.disposed).toBe(1);
  });

  it("is let go, and an error, when what is said before it is another word", () => {
    const content = contentOf();
    const reply = { content, headers: { "scan-verdict": "modified" } };
    expect(verdictOf({ verdict: "clean" }, reply).kind).toBe("error");
    expect(content.disposed).toBe(1);
  });

  it("is let go when the document cannot be read", () => {
    const content = contentOf();
    expect(verdictOf({}, { content, json: "{" }).kind).toBe("error");
    expect(content.disposed).toBe(1);
  });

  it("is missed where the verdict is modified and none came", () => {
    expect(verdictOf({ verdict: "modified" }).kind).toBe("error");
  });
});

describe("the word continue", () => {
  const reply = { status: 200, headers: {}, json: '{"verdict":"continue"}' };

  it("asks for the rest of a beginning", () => {
    expect(answerOf({ ...reply, mayContinue: true }).continues).toBe(true);
  });

  it("is an error about a whole entity", () => {
    expect(answerOf(reply)).toMatchObject({ failed: true, verdict: { kind: "error" } });
    expect(answerOf(reply).continues).toBeUndefined();
  });
});

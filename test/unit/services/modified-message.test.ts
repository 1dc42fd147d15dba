import { gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type EntityContent, readContent } from "../../../src/entity/index.ts";
import type { ScanContext, Scanner, Verdict } from "../../../src/scanning/index.ts";
import { Message, type Outcome, releaseOutcome } from "../../../src/services/index.ts";
import { carriesWhole, modifiedHead } from "../../../src/services/modified-head.ts";
import { type MessageText, messageOf, ScanBench } from "../../support/scan-bench.ts";
import { head } from "../../support/wire-text.ts";

const bench = new ScanBench();
beforeAll(() => bench.open());
afterAll(() => bench.close());

/** Puts the second text in the place of every entity that holds the first; of no certain type. */
class Redactor implements Scanner {
  readonly name = "redactor";
  readonly epoch = "1";
  readonly maxBytes = Number.POSITIVE_INFINITY;
  readonly asked: ScanContext[] = [];
  readonly changes: Readonly<Record<string, string>>;
  readonly mediaType: string | undefined;
  readonly otherwise: Verdict;
  held = 0;

  constructor(
    changes: Readonly<Record<string, string>>,
    { mediaType, otherwise }: { mediaType?: string; otherwise?: Verdict } = {},
  ) {
    this.changes = changes;
    this.mediaType = mediaType;
    this.otherwise = otherwise ?? { kind: "clean", threats: [] };
  }

  async scan({ content }: { content: EntityContent }, context: ScanContext): Promise<Verdict> {
    this.asked.push(context);
    const text = (await textOf([content])).trim();
    const change = this.changes[text];
    if (change === undefined) return this.otherwise;
    const data = Buffer.from(change);
    this.held += 1;
    const replacement = {
      body: { content: { kind: "memory", data }, size: data.length, sha256: "", head: data },
      ...(this.mediaType !== undefined && { mediaType: this.mediaType }),
      dispose: () => {
        this.held -= 1;
      },
    } as const;
    return { kind: "modified", threats: [], replacement };
  }

  async close(): Promise<void> {}
}

async function textOf(pieces: readonly EntityContent[]): Promise<string> {
  let text = "";
  for (const piece of pieces) {
    for await (const bytes of readContent(piece)) text += bytes.toString("latin1");
  }
  return text;
}

let outcome: Outcome | undefined;
afterEach(() => releaseOutcome(outcome));

/** Head and body of the message that the outcome puts in place of the client's. */
async function modified(scanner: Scanner, text: MessageText, options = {}) {
  outcome = await bench.outcome(bench.service({ scanner, ...options }), text);
  if (outcome.kind !== "modified" || outcome.body.kind !== "replaced") {
    return { kind: outcome.kind, cause: outcome.report.cause };
  }
  const { content } = outcome.body;
  return {
    head: outcome.head,
    body: await textOf(content.pieces),
    size: content.size,
    report: outcome.report,
  };
}

const form = (...parts: readonly string[]): MessageText => ({
  method: "REQMOD",
  fields: ["Content-Type: multipart/form-data; boundary=edge", "Content-Length: 5"],
  body: `${parts.map((part) => `--edge\r\n${part}\r\n`).join("")}--edge--\r\n`,
});
const part = (name: string, body: string, ...fields: readonly string[]): string =>
  head(`Content-Disposition: form-data; name="${name}"`, ...fields) + body;

const failed = { kind: "blocked", cause: "error" };

describe("a response with new content", () => {
  it("has that content for its body", async () => {
    const answer = await modified(new Redactor({ old: "brand new" }), { body: "old" });
    expect(answer).toMatchObject({ body: "brand new", size: 9 });
  });

  it("keeps its head, but for what is not true any more", async () => {
    const fields = [
      "Date: Sun, 06 Nov 1994 08:49:37 GMT",
      "content-length: 3",
      "Content-Length: 4",
      "Transfer-Encoding: chunked",
      "Connection: X-Hop, close",
      "X-Hop: 1",
      "Keep-Alive: timeout=5",
      'ETag: "1"',
      "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT",
      "Accept-Ranges: bytes",
      "Content-MD5: x",
      "Digest: x",
      "Content-Digest: x,",
      " folded",
      "Repr-Digest: x",
      "X-Folded: a",
      "\tb",
      "Via: 1.1 proxy",
      "Content-Type: text/plain",
    ];
    const answer = await modified(new Redactor({ old: "new" }), { fields, body: "old" });
    expect(answer).toHaveProperty(
      "head",
      head(
        "HTTP/1.1 200 OK",
        "Date: Sun, 06 Nov 1994 08:49:37 GMT",
        "X-Folded: a",
        "\tb",
        "Via: 1.1 proxy",
        "Content-Type: text/plain",
        "Content-Length: 3",
        "Via: ICAP/1.0 sluice",
      ),
    );
  });

  it("takes a line feed alone for the end of a line, and hides nothing behind it", async () => {
    const fields = ["X-A: 1\nContent-Length: 999\nX-B: 2", "X-C: 3\n\nTransfer-Encoding: chunked"];
    const answer = await modified(new Redactor({ old: "new" }), { fields, body: "old" });
    const own = ["Content-Length: 3", "Via: ICAP/1.0 sluice"];
    const wanted = head("HTTP/1.1 200 OK", "X-A: 1", "X-B: 2", "X-C: 3", ...own);
    expect(answer).toHaveProperty("head", wanted);
  });

  it("has the media type that the scanner gives", async () => {
    const scanner = new Redactor({ old: "new" }, { mediaType: "application/pdf" });
    const fields = ["Content-Type: text/html", "Server: x"];
    const answer = await modified(scanner, { fields, body: "old" });
    expect(answer).toHaveProperty(
      "head",
      head(
        "HTTP/1.1 200 OK",
        "Server: x",
        "Content-Type: application/pdf",
        "Content-Length: 3",
        "Via: ICAP/1.0 sluice",
      ),
    );
  });

  it.each(["application/octet-stream", "TEXT/html"])(
    "keeps a type that says more than the scanner's: %s",
    async (mediaType) => {
      const fields = ["Content-Type: text/html; charset=koi8-r"];
      const answer = await modified(new Redactor({ old: "new" }, { mediaType }), {
        fields,
        body: "old",
      });
      expect(answer.head?.match(/^content-type.*$/gim)).toEqual(fields);
    },
  );

  it("may be empty", async () => {
    const answer = await modified(new Redactor({ old: "" }), { body: "old" });
    expect(answer).toMatchObject({ body: "", size: 0 });
  });

  it("is told of as repaired", async () => {
    const { report } = (await modified(new Redactor({ old: "new" }), { body: "old" })) as {
      report: Outcome["report"];
    };
    expect(report).toMatchObject({ cause: "verdict", verdict: { kind: "modified" } });
    expect(report.fields).toContain("X-Infection-Found: Type=1; Resolution=1;");
    expect(report.fields).not.toContain("Cache-Control");
  });

  it("loses its coding, since scanners see the content without it", async () => {
    const fields = ["Content-Encoding: gzip", "Content-Type: text/plain"];
    const answer = await modified(new Redactor({ old: "new" }), { fields, body: gzipSync("old") });
    expect(answer).toMatchObject({ body: "new" });
    expect(answer.head).not.toMatch(/content-encoding/i);
  });
});

describe("a form with new content in it", () => {
  it("has it in place of the part, and all else as it was", async () => {
    const scanner = new Redactor({ old: "much longer than before" });
    const text = form(part("a", "keep"), part("b", "old"), part("c", "keep too"));
    const answer = await modified(scanner, text);
    expect(answer).toMatchObject({
      body: String(text.body).replace("\r\n\r\nold", "\r\n\r\nmuch longer than before"),
      size: String(text.body).length + 20,
    });
    expect(answer.head).toContain(`Content-Length: ${String(text.body).length + 20}\r\n`);
    expect(answer.head).toContain("multipart/form-data; boundary=edge");
  });

  it("may have several new parts", async () => {
    const scanner = new Redactor({ one: "1", three: "3" });
    const text = form(part("a", "one"), part("b", "two"), part("c", "three"));
    const answer = await modified(scanner, text);
    expect(answer.body).toBe(
      String(text.body).replace("\r\n\r\none", "\r\n\r\n1").replace("\r\n\r\nthree", "\r\n\r\n3"),
    );
  });

  it("is put together without its Content-Encoding", async () => {
    const text = form(part("a", "old"));
    const fields = [...(text.fields ?? []), "Content-Encoding: gzip"];
    const coded = { ...text, fields, body: gzipSync(String(text.body)) };
    const answer = await modified(new Redactor({ old: "new" }), coded);
    expect(answer.body).toBe(String(text.body).replace("old", "new"));
  });

  it("has a place for the whole of what comes before its parts", async () => {
    const text = form(part("a", "keep"));
    const answer = await modified(new Redactor({ before: "B" }), {
      ...text,
      body: `before\r\n${text.body}`,
    });
    expect(answer.body).toMatch(/^B\s*--edge\r\n/);
  });

  it("is told not to be cached, in the head of ICAP", async () => {
    const { report } = (await modified(new Redactor({ old: "new" }), form(part("a", "old")))) as {
      report: Outcome["report"];
    };
    expect(report.fields).toContain("Cache-Control: no-store\r\n");
  });

  it("is refused when the new content would end the part before its end", async () => {
    const scanner = new Redactor({ old: "new\r\n--edge--\r\n" });
    expect(await modified(scanner, form(part("a", "old")))).toEqual(failed);
  });

  it("is refused when the boundary stands at the very start of the new content", async () => {
    expect(await modified(new Redactor({ old: "--edge" }), form(part("a", "old")))).toEqual(failed);
  });

  it("is refused when the part's own head would not be true any more", async () => {
    const scanner = new Redactor({ old: "new" }, { mediaType: "application/pdf" });
    const text = form(part("a", "old", "Content-Type: text/html"));
    expect(await modified(scanner, text)).toEqual(failed);
  });

  it("is taken when that is of the type that the head names", async () => {
    const scanner = new Redactor({ old: "new" }, { mediaType: "text/HTML; charset=utf-8" });
    const answer = await modified(scanner, form(part("a", "old", "Content-Type: text/html")));
    expect(answer.body).toContain("new");
  });

  it.each([
    ["has a transfer encoding", form(part("a", "b2xk", "Content-Transfer-Encoding: base64"))],
    [
      "is in a multipart of its own",
      form(
        part("a", `--in\r\n\r\nold\r\n--in--\r\n`, "Content-Type: multipart/mixed; boundary=in"),
      ),
    ],
    ["is in a form that is cut off", { ...form(), body: "--edge\r\n\r\nold\r\n--edge" }],
  ])("is refused when the part %s", async (_name, text) => {
    const scanner = new Redactor({ old: "new" });
    expect((await modified(scanner, text)).kind).toBe("blocked");
    expect(scanner.asked.at(-1)?.takesReplacement).toBe(false);
    expect(scanner.held).toBe(0);
  });
});

describe("new content for a part of a representation", () => {
  it.each([
    ["a range that is sent up", { method: "REQMOD", fields: ["Content-Range: bytes 0-2/9"] }],
    ["a range that came", { method: "RESPMOD", fields: ["Content-Range: bytes 0-2/9"] }],
  ] as const)("is not asked for, and never passes: %s", async (_name, text) => {
    const scanner = new Redactor({ old: "new" });
    expect(await modified(scanner, { ...text, body: "old" })).toEqual(failed);
    expect(scanner.asked[0]?.takesReplacement).toBe(false);
    expect(scanner.held).toBe(0);
  });
});

it("A response 206 is a part of a representation, whatever else its head says", () => {
  const partial = (status: number, method: "REQMOD" | "RESPMOD" = "RESPMOD") =>
    carriesWhole(
      new Message(
        messageOf({ method }).icap,
        head("GET / HTTP/1.1"),
        method === "REQMOD" ? "" : head(`HTTP/1.1 ${status} Status`),
      ),
    );
  expect([partial(200), partial(206), partial(206, "REQMOD")]).toEqual([true, false, true]);
});

it("A body that came without a head goes back without one", () => {
  const message = new Message(messageOf({}).icap, "", "");
  expect(modifiedHead(message, { size: 3, mediaType: undefined }, "sluice")).toBe("");
});

describe("what holds new content", () => {
  it("lets it go once, when the outcome is released", async () => {
    const scanner = new Redactor({ one: "1", two: "2" });
    await modified(scanner, form(part("a", "one"), part("b", "two")));
    expect(scanner.held).toBe(2);
    releaseOutcome(outcome);
    releaseOutcome(outcome);
    expect(scanner.held).toBe(0);
  });

  it("holds nothing of what a coded body was decoded to after that", async () => {
    const text = form(part("a", "old"));
    const fields = [...(text.fields ?? []), "Content-Encoding: gzip"];
    const body = gzipSync(`${text.body}${" ".repeat(50_000)}`);
    const before = bench.heldBytes;
    await modified(new Redactor({ old: "new" }), { ...text, fields, body });
    expect(bench.heldBytes).toBeGreaterThan(before);
    releaseOutcome(outcome);
    expect(bench.heldBytes).toBe(before);
  });

  const blocks: Verdict = { kind: "blocked", threats: [] };
  it("lets it go when another part is blocked", async () => {
    const scanner = new Redactor({ old: "new" }, { otherwise: blocks });
    const answer = await modified(scanner, form(part("a", "old"), part("b", "bad")));
    expect(answer).toEqual({ kind: "blocked", cause: "verdict" });
    expect(scanner.held).toBe(0);
  });

  it("lets it go in a dry run, which says what it would have done", async () => {
    const scanner = new Redactor({ old: "new" });
    const answer = await modified(scanner, { body: "old" }, { mode: "Monitor" });
    expect(answer).toEqual({ kind: "unmodified", cause: "verdict" });
    expect(outcome?.report.withheld).toBe("modified");
    expect(scanner.held).toBe(0);
  });

  it("keeps it where a doubt that is allowed came along", async () => {
    const otherwise: Verdict = { kind: "suspicious", threats: [] };
    const scanner = new Redactor({ old: "new" }, { otherwise });
    const answer = await modified(scanner, form(part("a", "old"), part("b", "odd")));
    expect(answer.body).toContain("new");
  });

  it("lets it go when it comes after the time was up", async () => {
    const aborter = new AbortController();
    const scanner = new Redactor({ old: "new" });
    const late: Scanner = {
      ...scanner,
      close: () => scanner.close(),
      scan: async (entity, context) => {
        aborter.abort();
        return scanner.scan(entity, context);
      },
    };
    const service = bench.service({ scanner: late });
    const { report } = await bench.outcome(service, { body: "old" }, { signal: aborter.signal });
    expect(report.cause).toBe("timeout");
    await expect.poll(() => scanner.held).toBe(0);
  });

  it("says that something failed when a scanner promises content and has none", async () => {
    const otherwise: Verdict = { kind: "modified", threats: [] };
    expect(await modified(new Redactor({}, { otherwise }), { body: "old" })).toEqual(failed);
  });
});

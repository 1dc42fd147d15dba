import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileTemplate, readTemplate } from "../../../src/resources/index.ts";
import {
  type OutgoingRequest,
  outgoingRequest,
} from "../../../src/scanning/template/http/outgoing-request.ts";
import { Redactor } from "../../../src/scanning/template/http/redactor.ts";
import { parseText, renderText } from "../../../src/scanning/template/language/text-template.ts";
import { makePlan } from "../../../src/scanning/template/plan/make-plan.ts";
import type { Plan } from "../../../src/scanning/template/plan/plan.ts";

const ORIGIN = "https://av.example";

const read = readTemplate(`
baseUrl: ${ORIGIN}/api
secrets: { key: {} }
headers: { X-Key: "\${secret.key}" }
steps:
  - name: scan
    request:
      method: POST
      path: "/files/\${req.fileName}/report"
      query: { name: "\${req.fileName}", url: "\${req.url}" }
      headers: { X-Name: "n-\${req.fileName}" }
      body: { mode: Json, json: { name: "\${req.fileName}", both: "\${req.fileName}|\${req.url}", data: "\${req.base64}" } }
  - name: upload
    request:
      method: POST
      path: /upload
      body: { mode: Multipart, field: file, fields: { name: "\${req.fileName}" } }
result: { verdict: "'clean'" }`);

function planOf(): Plan {
  if ("problems" in read) throw new Error(JSON.stringify(read.problems));
  const given = { params: {}, secrets: ["key"], baseUrl: undefined };
  const compiled = compileTemplate(read.spec, given);
  if (!("template" in compiled)) throw new Error(JSON.stringify(compiled));
  const made = makePlan(compiled.template);
  if ("problems" in made) throw new Error(JSON.stringify(made.problems));
  return made.plan;
}

const plan = planOf();
const text = fc.string({ unit: "binary", maxLength: 40 });
const hostile = fc.oneof(
  text,
  fc.constantFrom(
    "..",
    ".",
    "../../x",
    "%2e%2e",
    "?x=1",
    "#f",
    "//evil.example",
    "@evil",
    "a\r\nX: 1",
  ),
  fc.string({ unit: fc.constantFrom("\r", "\n", '"', "\\", "/", "\0", "é", "${", "}", "\ud800") }),
);
const bytes = Buffer.from("the bytes of the entity");

/** The request of a step for a hostile entity; undefined when it is refused. */
function requestFor(step: number, fileName: string, url: string): OutgoingRequest | undefined {
  const request = plan.steps[step]?.request;
  if (request === undefined) throw new Error("no such step");
  try {
    return outgoingRequest(plan, request, {
      req: { fileName, url },
      params: {},
      state: {},
      secrets: { key: "s3cret" },
      activation: {},
      content: { content: { kind: "memory", data: bytes }, size: bytes.length },
    });
  } catch {
    return undefined;
  }
}

async function bodyOf({ body }: OutgoingRequest): Promise<Buffer> {
  const open = body?.open();
  return open instanceof Readable ? await buffer(open) : Buffer.from(open ?? "");
}

const check = (property: fc.IRawProperty<[string, string]>) =>
  fc.assert(property as fc.IProperty<[string, string]>, { numRuns: 500 });

describe("whatever an entity is called", () => {
  it("goes to the same host and path, and into its own parameter", () => {
    check(
      fc.property(hostile, hostile, (fileName, url) => {
        const request = requestFor(0, fileName, url);
        if (request === undefined) return;
        const target = new URL(request.path, ORIGIN);
        expect([request.origin, target.origin]).toEqual([ORIGIN, ORIGIN]);
        expect(target.pathname.split("/")).toHaveLength(5);
        expect(target.pathname).toMatch(/^\/api\/files\/[^/]*\/report$/);
        expect(decodeURIComponent(target.pathname.split("/")[3] ?? "")).toBe(
          fileName.toWellFormed(),
        );
        expect([...target.searchParams.keys()].every((key) => ["name", "url"].includes(key))).toBe(
          true,
        );
        expect(target.searchParams.get("url") ?? "").toBe(url.toWellFormed());
      }),
    );
  });

  it("ends no header field", () => {
    check(
      fc.property(hostile, hostile, (fileName, url) => {
        const request = requestFor(0, fileName, url);
        for (const value of Object.values(request?.headers ?? {})) {
          expect(value).toMatch(/^[\x20-\x7e]*$/);
        }
      }),
    );
  });

  it("stays one value of the JSON", async () => {
    await fc.assert(
      fc.asyncProperty(hostile, hostile, async (fileName, url) => {
        const request = requestFor(0, fileName, url);
        if (request === undefined) return;
        const sent = await bodyOf(request);
        expect(JSON.parse(sent.toString())).toEqual({
          name: fileName.toWellFormed() === fileName ? fileName : expect.any(String),
          both: expect.any(String),
          data: bytes.toString("base64"),
        });
        expect(request.headers["content-length"]).toBe(String(sent.length));
      }),
      { numRuns: 200 },
    );
  });

  it("stays one part of the form, and the length is right", async () => {
    await fc.assert(
      fc.asyncProperty(hostile, hostile, async (fileName, url) => {
        const request = requestFor(1, fileName, url);
        if (request === undefined) return;
        const sent = await bodyOf(request);
        const boundary = request.headers["content-type"]?.split("boundary=")[1] ?? "";
        const parts = sent.toString("latin1").split(`--${boundary}`);
        expect(parts).toHaveLength(fileName === "" ? 3 : 4);
        const file = parts.at(-2) ?? "";
        expect(file.split("\r\n\r\n", 1)[0]?.split("\r\n")).toHaveLength(3);
        expect(file).toContain(`\r\n\r\n${bytes}\r\n`);
        expect(request.headers["content-length"]).toBe(String(sent.length));
      }),
      { numRuns: 200 },
    );
  });
});

describe("a text with paths in it", () => {
  it("is not looked through again for what a value brings", () => {
    const template = parseText("a${req.x}b");
    if (typeof template === "string") throw new Error(template);
    fc.assert(
      fc.property(hostile, (x) => {
        expect(renderText(template, { req: { x }, secret: { key: "s" } }, (value) => value)).toBe(
          `a${x}b`,
        );
      }),
    );
  });

  it("reaches no prototype", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("constructor", "__proto__", "toString", "hasOwnProperty", "valueOf"),
        (name) => {
          const template = parseText(`\${req.${name}}`);
          if (typeof template === "string") return;
          expect(() => renderText(template, { req: {} }, (value) => value)).toThrow("is not there");
        },
      ),
    );
  });
});

describe("a redactor", () => {
  it("leaves no secret in any text", () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 4, unit: "grapheme-ascii" }),
        text,
        text,
        (secret, a, b) => {
          const redacted = new Redactor([secret]).redact(
            `${a}${secret}${b}${encodeURIComponent(secret)}${JSON.stringify(secret)}`,
          );
          expect(redacted.includes(secret) && !"[redacted]".includes(secret)).toBe(false);
        },
      ),
    );
  });
});

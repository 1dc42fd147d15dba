import { readFileSync } from "node:fs";
import { Validator } from "@seriousme/openapi-schema-validator";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import {
  CacheScope,
  type ScanContext,
  type Verdict,
  VerdictReason,
} from "../../../../src/scanning/index.ts";
import { answerOf } from "../../../../src/scanning/scan-v1/answer.ts";
import { requestFields } from "../../../../src/scanning/scan-v1/request-fields.ts";
import { readInfo } from "../../../../src/scanning/scan-v1/scanner-info.ts";
import {
  judgementOf,
  readDocument,
  type Unreadable,
} from "../../../../src/scanning/scan-v1/verdict-document.ts";
import { entityOf, scanContext } from "../../../support/samples/entities.ts";

const read = (path: string): string =>
  readFileSync(new URL(`../../../../${path}`, import.meta.url), "utf8");
const text = read("docs/scan-v1.openapi.yaml");
const document = parse(text);
const { schemas, parameters } = document.components;
const everyFact: ScanContext = {
  ...scanContext(),
  host: "files.example",
  httpMethod: "GET",
  httpStatus: 200,
  policy: "strict",
  identity: { address: "192.0.2.1", user: "anna", groups: ["staff"] },
  tracestate: "vendor=1",
};

const data = Buffer.from("new");
const newContent = {
  body: { content: { kind: "memory", data }, size: data.length, sha256: "", head: data },
  dispose: () => {},
} as const;

/** As an answer that brings new content along. */
function readVerdict(json: string): Verdict | Unreadable {
  const read = readDocument(json, undefined);
  return "unreadable" in read ? read : judgementOf(read, newContent);
}

describe("docs/scan-v1.openapi.yaml", () => {
  it("is OpenAPI 3.1", async () => {
    const validator = new Validator();
    expect(await validator.validate(document)).toEqual({ valid: true });
    expect(validator.version).toBe("3.1");
  });

  it("has exactly the words that are taken for a verdict", () => {
    const taken = [...schemas.Word.enum, "pending", "fine"].filter(
      (verdict) => "kind" in readVerdict(JSON.stringify({ verdict })),
    );
    expect(taken).toEqual(schemas.Word.enum.filter((word: string) => word !== "continue"));
    const reply = { status: 200, headers: {}, json: '{"verdict":"continue"}', mayContinue: true };
    expect(answerOf(reply).continues).toBe(true);
  });

  it("names every reason that is known", () => {
    for (const reason of Object.values(VerdictReason)) {
      expect(schemas.Verdict.properties.reason.description).toMatch(new RegExp(`\\b${reason}\\b`));
    }
  });

  it("names every scope that is known", () => {
    const { description } = schemas.Verdict.properties.cache.properties.scope;
    for (const scope of Object.values(CacheScope)) expect(description).toContain(` ${scope}`);
  });

  it("shows documents that are understood", () => {
    for (const example of schemas.Verdict.examples) {
      expect(readVerdict(JSON.stringify(example))).toHaveProperty("kind");
    }
    for (const example of schemas.Info.examples) {
      expect(readInfo(JSON.stringify(example))).toMatchObject(example);
    }
  });

  it("describes every field of a request, and no other", () => {
    const everything = (sendsContent: boolean) =>
      Object.keys(
        requestFields({
          entity: entityOf("x", { fileName: "a", detectedType: "text/plain" }),
          context: everyFact,
          sendsContent,
          takesContent: true,
          leftMs: 1000,
        }),
      );
    const own = ["accept", "content-type", "content-length"];
    const sent = new Set([...everything(true), ...everything(false)]);
    const described = Object.values<{ name: string }>(parameters).map(({ name }) =>
      name.toLowerCase(),
    );
    expect([...sent].filter((name) => !own.includes(name)).sort()).toEqual(described.sort());
  });

  it.each([
    ["413", "unscannable"],
    ["415", "unscannable"],
    ["429", "error"],
    ["503", "error"],
    ["408", "error"],
    ["504", "error"],
  ])("has status %s, which counts as %s", (status, kind) => {
    expect(document.paths["/v1/scan"].post.responses).toHaveProperty(status);
    const reply = { status: Number(status), headers: {}, json: { unreadable: "" } };
    expect(answerOf(reply).verdict.kind).toBe(kind);
  });
});

describe("docs/scan-v1.md", () => {
  it("shows documents that are understood", () => {
    const documents = [...read("docs/scan-v1.md").matchAll(/```json\n(.*?)```/gs)];
    const understood = documents.map(([, json = ""]) =>
      json.includes("protocol") ? readInfo(json) : readVerdict(json),
    );
    expect(understood).toMatchObject([{ kind: "blocked" }, { protocol: "scan/v1" }]);
  });
});

describe("an answer", () => {
  it.each([
    ["seconds", "7", 7000],
    ["a date", new Date(12_000).toUTCString(), 5000],
    ["a date that is over", new Date(1000).toUTCString(), 0],
    ["more than is listened to", "86400", 30_000],
    ["nonsense", "soon", undefined],
    ["a sign", "-1", undefined],
  ])("asks to be left alone by %s", (_name, value, pauseMs) => {
    const reply = { status: 503, headers: { "retry-after": value }, json: { unreadable: "" } };
    expect(answerOf(reply, 7000).pauseMs).toBe(pauseMs);
  });
});

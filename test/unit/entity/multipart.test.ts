import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  type Entity,
  EntityExtractor,
  EXTRACTION_DEFAULTS,
  type Extraction,
  type ExtractionLimits,
  readContent,
} from "../../../src/entity/index.ts";
import { keep, noise, temporaryStore } from "./temporary-store.ts";

const FORM = "multipart/form-data; boundary=b";
const live = new AbortController().signal;

/** Splits text or latin1 bytes; lines of the template end in a visible CRLF. */
async function split(
  body: string | Buffer,
  contentType = FORM,
  limits: Partial<ExtractionLimits> = {},
): Promise<Extraction> {
  const store = await temporaryStore();
  const kept = await keep(store, Buffer.isBuffer(body) ? body : Buffer.from(body, "latin1"));
  const extractor = new EntityExtractor(store, { ...EXTRACTION_DEFAULTS, ...limits });
  return await extractor.extract(kept, { contentType }, live);
}

async function bytesOf(entity: Entity): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of readContent(entity.content)) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function textsOf(extraction: Extraction): Promise<string[]> {
  const texts: string[] = [];
  for (const entity of extraction.entities) {
    texts.push((await bytesOf(entity)).toString("latin1"));
  }
  return texts;
}

const reasons = ({ problems }: Extraction): string[] =>
  problems.map(({ kind, reason }) => `${kind}: ${reason}`);

const TWO_PARTS =
  '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nfield\r\n' +
  '--b\r\nContent-Disposition: form-data; name="f"; filename="r.pdf"\r\nContent-Type: Application/PDF; v=1\r\n\r\n%PDF-1.7\r\n' +
  "--b--\r\n";

describe("multipart/form-data", () => {
  it("is one entity for each part, in order", async () => {
    const extraction = await split(TWO_PARTS);
    expect(extraction.problems).toEqual([]);
    expect(await textsOf(extraction)).toEqual(["field", "%PDF-1.7"]);
  });

  it("gives each part its own hash, name and types", async () => {
    const { entities } = await split(TWO_PARTS);
    expect(entities[1]).toMatchObject({
      size: 8,
      sha256: createHash("sha256").update("%PDF-1.7").digest("hex"),
      fileName: "r.pdf",
      declaredType: "application/pdf",
      detectedType: "application/pdf",
    });
    expect(entities[0]).toMatchObject({ fileName: undefined, declaredType: undefined });
  });

  it("makes no copy: a part is a view of the body", async () => {
    const store = await temporaryStore();
    const body = await keep(store, Buffer.from(TWO_PARTS));
    const before = store.budget.memoryBytes;
    const extractor = new EntityExtractor(store, EXTRACTION_DEFAULTS);
    const { entities } = await extractor.extract(body, { contentType: FORM }, live);
    const [whole, part] = [body.content, entities[1]?.content];
    if (whole.kind !== "memory" || part?.kind !== "memory") throw new Error("not in memory");
    expect(part.data.buffer).toBe(whole.data.buffer);
    expect(store.budget.memoryBytes).toBe(before);
  });

  it("makes no copy of a part of a file: it is a range of it", async () => {
    const file = noise(400_000);
    const extraction = await split(form(file));
    const [entity] = extraction.entities;
    expect(entity?.content).toMatchObject({ kind: "file", offset: 7, length: file.length });
    expect(entity?.sha256).toBe(createHash("sha256").update(file).digest("hex"));
    expect((await bytesOf(entity as Entity)).equals(file)).toBe(true);
  });

  it("keeps NUL bytes, which libclamav's reader drops", async () => {
    const binary = Buffer.from([0, 0, 13, 10, 0, 45, 45, 0, 98, 255, 0]);
    const { entities } = await split(form(binary));
    expect((await bytesOf(entities[0] as Entity)).equals(binary)).toBe(true);
  });

  it("keeps what looks like a boundary and is none", async () => {
    const text = "\r\n--c\r\n-b\r\n--\r\n\n--b\n\r--b";
    expect(await textsOf(await split(form(text)))).toEqual([text]);
  });

  it("may have empty parts", async () => {
    const body =
      "--b\r\nContent-Type: a/b\r\n\r\n\r\n--b\r\nContent-Type: a/b\r\n\r\n--b\r\n\r\n--b--";
    expect(await textsOf(await split(body))).toEqual(["", "", ""]);
  });

  it("may have parts without headers", async () => {
    expect(await textsOf(await split("--b\r\n\r\nbare\r\n--b--\r\n"))).toEqual(["bare"]);
  });

  it("may have space after a boundary [RFC 2046 §5.1.1]", async () => {
    expect(await textsOf(await split("--b \t\r\n\r\nx\r\n--b-- \r\n"))).toEqual(["x"]);
  });

  it("may have no part at all: then the body is the entity", async () => {
    expect(await textsOf(await split("--b--\r\n"))).toEqual(["--b--\r\n"]);
  });

  it("of no bytes is an empty entity", async () => {
    const extraction = await split("");
    expect(extraction).toMatchObject({ problems: [], entities: [{ size: 0 }] });
  });

  it("shows what stands before the first part and after the last", async () => {
    const body = "before\r\n--b\r\n\r\nx\r\n--b--\r\nafter";
    const extraction = await split(body);
    expect(extraction.problems).toEqual([]);
    expect(await textsOf(extraction)).toEqual(["x", "before", "\r\nafter"]);
  });

  it("passes over blank space there", async () => {
    expect(await textsOf(await split("\r\n--b\r\n\r\nx\r\n--b--\r\n \t\r\n"))).toEqual(["x"]);
  });

  it("takes a long blank epilogue for content", async () => {
    const { entities } = await split(`--b\r\n\r\nx\r\n--b--${" ".repeat(2000)}`);
    expect(entities.map(({ size }) => size)).toEqual([1, 2000]);
  });
});

describe("the boundary", () => {
  it.each([
    ['multipart/form-data; boundary="b"'],
    ["multipart/form-data;boundary=b; charset=utf-8"],
    ["Multipart/Form-Data; Boundary = b ;"],
    ['multipart/form-data; charset="a;boundary=x"; boundary=b'],
    ["multipart/mixed; boundary=b"],
    ["multipart/related; type=a/b; boundary=b"],
    ["multipart/byteranges; boundary=b"],
  ])("is found in %s", async (contentType) => {
    expect(await textsOf(await split("--b\r\n\r\nx\r\n--b--", contentType))).toEqual(["x"]);
  });

  it.each([
    ["multipart/form-data"],
    ["multipart/form-data; boundary="],
    ['multipart/form-data; boundary="b'],
    ["multipart/form-data; boundary=b; boundary=c"],
    ["multipart/form-data; boundary=b, multipart/form-data; boundary=b"],
    [`multipart/form-data; boundary=${"b".repeat(71)}`],
    ["multipart/form-data; boundary=b\u00e4"],
  ])("is not believed in %s", async (contentType) => {
    const extraction = await split("--b\r\n\r\nx\r\n--b--", contentType);
    expect(reasons(extraction)).toEqual(["unscannable: malformed-multipart"]);
    expect(await textsOf(extraction)).toEqual(["--b\r\n\r\nx\r\n--b--"]);
  });

  it("may have 70 characters, and those that .NET uses", async () => {
    const boundary = `{${"b".repeat(68)}}`;
    const body = `--${boundary}\r\n\r\nx\r\n--${boundary}--`;
    const extraction = await split(body, `multipart/form-data; boundary="${boundary}"`);
    expect(await textsOf(extraction)).toEqual(["x"]);
  });
});

describe("a malformed multipart is scanned whole, beside the parts that were found", () => {
  it.each([
    ["has no boundary in it", "no boundary here", []],
    ["is cut off", "--b\r\n\r\none\r\n--b\r\n\r\ntwo", ["one", "two"]],
    ["is cut off in a part's headers", "--b\r\nContent-Type: a/b", []],
    ["has lines that end in a bare LF", "--b\n\nx\n--b--\n", []],
    ["has text behind a boundary", "--b\r\n\r\none\r\n--bx\r\n\r\ntwo\r\n--b--", ["one"]],
    ["goes on behind its end", "--b\r\n\r\none\r\n--b--\r\n--b\r\n\r\ntwo\r\n--b--", ["one"]],
    ["has a header line that is none", "--b\r\nnot a header\r\n\r\nx\r\n--b--", []],
    ["has a part that ends before its headers", "--b\r\nA: b\r\n--b\r\n\r\nx\r\n--b--", []],
    ["has a bare CR in a header", "--b\r\nA: b\rC: d\r\n\r\nx\r\n--b--", []],
    [
      "names a part's file twice",
      '--b\r\nContent-Disposition: form-data; filename=a; filename="b"\r\n\r\nx\r\n--b--',
      [],
    ],
    ["has a header twice", "--b\r\nContent-Type: a/b\r\ncontent-type: c/d\r\n\r\nx\r\n--b--", []],
  ])("when it %s", async (_, body, parts) => {
    const extraction = await split(body);
    expect(reasons(extraction)).toEqual(["unscannable: malformed-multipart"]);
    expect(await textsOf(extraction)).toEqual([body, ...parts]);
  });
});

describe("limits", () => {
  it("bound the number of parts", async () => {
    const body = `${"--b\r\n\r\nx\r\n".repeat(3)}--b--`;
    expect(reasons(await split(body, FORM, { maxParts: 3 }))).toEqual([]);
    const extraction = await split(body, FORM, { maxParts: 2 });
    expect(reasons(extraction)).toEqual(["unscannable: too-many-parts"]);
    expect(await textsOf(extraction)).toEqual([body, "x", "x"]);
  });

  it("bound the headers of a part", async () => {
    const body = (bytes: number) => `--b\r\nA: ${"a".repeat(bytes - 3)}\r\n\r\nx\r\n--b--`;
    const limits = { maxPartHeaderBytes: 100 };
    expect(reasons(await split(body(100), FORM, limits))).toEqual([]);
    expect(reasons(await split(body(101), FORM, limits))).toEqual([
      "unscannable: part-headers-too-large",
    ]);
  });

  it("bound headers that never end", async () => {
    const extraction = await split(`--b\r\n${"a: b\r\n".repeat(100_000)}`);
    expect(reasons(extraction)).toEqual(["unscannable: part-headers-too-large"]);
  });
});

describe("a multipart in a multipart", () => {
  const inner = "--i\r\n\r\none\r\n--i\r\n\r\ntwo\r\n--i--";
  const nest = (content: string, boundary: string) =>
    `--b\r\nContent-Type: multipart/mixed; boundary=${boundary}\r\n\r\n${content}\r\n--b--`;

  it("is split too [RFC 2388 §4.2]", async () => {
    const extraction = await split(nest(inner, "i"));
    expect(reasons(extraction)).toEqual([]);
    expect(await textsOf(extraction)).toEqual(["one", "two"]);
  });

  it("counts its parts with the others", async () => {
    const extraction = await split(nest(inner, "i"), FORM, { maxParts: 2 });
    expect(reasons(extraction)).toEqual(["unscannable: too-many-parts"]);
  });

  it("is scanned whole when it is malformed", async () => {
    const extraction = await split(nest("junk", "i"));
    expect(reasons(extraction)).toEqual(["unscannable: malformed-multipart"]);
    expect(await textsOf(extraction)).toEqual([nest("junk", "i"), "junk"]);
  });

  it("is not looked into at the second level, and that is a problem", async () => {
    const deep = "--i\r\nContent-Type: multipart/mixed; boundary=k\r\n\r\n--k--\r\n--i--";
    const extraction = await split(nest(deep, "i"));
    expect(reasons(extraction)).toEqual(["unscannable: nested-too-deep"]);
    expect(await textsOf(extraction)).toEqual([nest(deep, "i"), "--k--"]);
  });
});

describe("Content-Transfer-Encoding", () => {
  const part = (encoding: string, content: string) =>
    `--b\r\nContent-Disposition: form-data; filename=f\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n${content}\r\n--b--`;

  it.each([
    ["base64", "aGVs\r\nbG8=", "hello"],
    ["BASE64", "aGVsbG8", "hello"],
    ["base64", "aA==aQ==", "hi"],
    ["base64", "!a#G V\tsbG8=\r\n", "hello"],
    ["quoted-printable", "h=65llo=\r\n w=6Frld=3D", "hello world="],
    ["quoted-printable", "a=zzb=4", "a=zzb=4"],
  ])("%s of %j is scanned as it is and decoded", async (encoding, content, decoded) => {
    const extraction = await split(part(encoding, content));
    expect(extraction.problems).toEqual([]);
    expect(await textsOf(extraction)).toEqual([content, decoded]);
    expect(extraction.entities.map(({ fileName }) => fileName)).toEqual(["f", "f"]);
  });

  it.each([["7bit"], ["8bit"], ["binary"], ["x-own"]])("%s changes nothing", async (encoding) => {
    expect(await textsOf(await split(part(encoding, "=41")))).toEqual(["=41"]);
  });

  it("base64 is decoded across the pieces of a file", async () => {
    const bytes = noise(300_000);
    const lines = (bytes.toString("base64").match(/.{1,76}/g) ?? []).join("\r\n");
    const { entities } = await split(part("base64", lines));
    expect((await bytesOf(entities[1] as Entity)).equals(bytes)).toBe(true);
  });

  it("quoted-printable is decoded across the pieces of a file", async () => {
    const { entities } = await split(part("quoted-printable", "=41=\r\n".repeat(100_000)));
    expect((await bytesOf(entities[1] as Entity)).equals(Buffer.alloc(100_000, "A"))).toBe(true);
  });

  it("leaves nothing behind after dispose", async () => {
    const store = await temporaryStore();
    const body = await keep(store, Buffer.from(part("base64", "aGVsbG8=")));
    const before = store.budget.memoryBytes;
    const extractor = new EntityExtractor(store, EXTRACTION_DEFAULTS);
    const extraction = await extractor.extract(body, { contentType: FORM }, live);
    expect(store.budget.memoryBytes).toBeGreaterThan(before);
    extraction.dispose();
    expect(store.budget.memoryBytes).toBe(before);
  });
});

/** A form of one part without headers. */
function form(content: string | Buffer): Buffer {
  const bytes = typeof content === "string" ? Buffer.from(content, "latin1") : content;
  return Buffer.concat([Buffer.from("--b\r\n\r\n"), bytes, Buffer.from("\r\n--b--\r\n")]);
}

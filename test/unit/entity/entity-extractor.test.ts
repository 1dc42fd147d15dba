import { unlink } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import {
  type BodyDescription,
  EntityExtractor,
  EXTRACTION_DEFAULTS,
  type Extraction,
  type KeptBody,
  type SpoolStore,
} from "../../../src/entity/index.ts";
import { keep, noise, temporaryStore } from "./temporary-store.ts";

const live = new AbortController().signal;
const FORM = "multipart/form-data; boundary=b";
const form = (content: string | Buffer): Buffer =>
  Buffer.concat([
    Buffer.from('--b\r\nContent-Disposition: form-data; filename="f"\r\n\r\n'),
    Buffer.from(content as string),
    Buffer.from("\r\n--b--\r\n"),
  ]);

function extract(
  store: SpoolStore,
  body: KeptBody,
  description: BodyDescription,
  signal = live,
): Promise<Extraction> {
  return new EntityExtractor(store, EXTRACTION_DEFAULTS).extract(body, description, signal);
}

const reasons = ({ problems }: Extraction): string[] =>
  problems.map(({ kind, reason }) => `${kind}: ${reason}`);

describe("extracting entities", () => {
  it("from a plain body gives that body", async () => {
    const store = await temporaryStore();
    const body = await keep(store, Buffer.from("plain"));
    const extraction = await extract(store, body, {});
    expect(extraction).toMatchObject({ problems: [], entities: [{ content: body.content }] });
  });

  it("undoes the coding first, then splits", async () => {
    const store = await temporaryStore();
    const body = await keep(store, gzipSync(form("inside")));
    const extraction = await extract(store, body, { contentEncoding: "gzip", contentType: FORM });
    expect(extraction.problems).toEqual([]);
    expect(extraction.entities).toMatchObject([{ size: 6, fileName: "f" }]);
  });

  it("keeps name and declared type of a decoded body, and looks again for the type", async () => {
    const store = await temporaryStore();
    const body = await keep(store, gzipSync("%PDF-1.7"));
    const { entities } = await extract(store, body, {
      contentEncoding: "gzip",
      contentType: "text/css",
      url: "http://example.com/style.css",
    });
    expect(entities).toMatchObject([
      { fileName: "style.css", declaredType: "text/css", detectedType: "application/pdf" },
    ]);
  });

  it("from a malformed multipart in a coding gives both wholes: as it came and decoded", async () => {
    const store = await temporaryStore();
    const body = await keep(store, gzipSync("no boundary"));
    const about = { contentEncoding: "gzip", contentType: FORM };
    const extraction = await extract(store, body, about);
    expect(reasons(extraction)).toEqual(["unscannable: malformed-multipart"]);
    expect(extraction.entities.map(({ size }) => size)).toEqual([body.size, 11]);
  });

  it("of an aborted transaction ends with the body as it came", async () => {
    const store = await temporaryStore();
    const body = await keep(store, form(noise(1_000_000)));
    const abort = new AbortController();
    const extracting = extract(store, body, { contentType: FORM }, abort.signal);
    abort.abort(new Error("deadline"));
    const extraction = await extracting;
    expect(reasons(extraction)).toEqual(["error: aborted"]);
    expect(extraction.entities).toMatchObject([{ size: body.size }]);
  });

  it("of a body that is gone is an error", async () => {
    const store = await temporaryStore();
    const body = await keep(store, form(noise(1_000_000)));
    if (body.content.kind === "file") await unlink(body.content.path);
    const split = await extract(store, body, { contentType: FORM });
    const decoded = await extract(store, body, { contentEncoding: "br" });
    expect(reasons(split)).toEqual(["error: disk-error"]);
    expect(reasons(decoded)).toEqual(["error: disk-error"]);
  });

  it("ends a copy that does not fit on the disk", async () => {
    const part = "--b\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    const base64 = noise(600_000).toString("base64");
    const bytes = Buffer.from(`${part}${base64}\r\n--b--`);
    const store = await temporaryStore({ totalDiskBytes: bytes.length + 100_000 });
    const body = await keep(store, bytes);
    const extraction = await extract(store, body, { contentType: FORM });
    expect(reasons(extraction)).toEqual(["error: spool-full"]);
    extraction.dispose();
    await expect.poll(() => store.budget.diskBytes).toBe(bytes.length);
  });

  it("keeps its copies for who gets hold of them from a holder after the end", async () => {
    const store = await temporaryStore();
    const body = await keep(store, gzipSync("decoded"));
    const before = store.budget.memoryBytes;
    const extraction = await extract(store, body, { contentEncoding: "gzip" });
    const first = extraction.retain();
    extraction.dispose();
    const second = extraction.retain();
    first();
    expect(store.budget.memoryBytes).toBeGreaterThan(before);
    second();
    expect(store.budget.memoryBytes).toBe(before);
  });

  it("keeps its copies for who holds them", async () => {
    const store = await temporaryStore();
    const body = await keep(store, gzipSync("decoded"));
    const before = store.budget.memoryBytes;
    const extraction = await extract(store, body, { contentEncoding: "gzip" });
    const release = extraction.retain();
    extraction.dispose();
    expect(store.budget.memoryBytes).toBeGreaterThan(before);
    expect(extraction.entities[0]?.content).toMatchObject({ data: Buffer.from("decoded") });
    release();
    expect(store.budget.memoryBytes).toBe(before);
  });
});

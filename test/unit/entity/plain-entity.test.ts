import { describe, expect, it } from "vitest";
import {
  type BodyDescription,
  entityOfPlainBody,
  fileNameOfDisposition,
  fileNameOfUrl,
} from "../../../src/entity/index.ts";
import { keep, temporaryStore } from "./temporary-store.ts";

async function entityOf(description: BodyDescription, bytes = "%PDF-1.7") {
  const body = await keep(await temporaryStore(), Buffer.from(bytes));
  return { body, entity: entityOfPlainBody(body, description) };
}

describe("the entity of a plain body", () => {
  it("shares the body's bytes and hash", async () => {
    const { body, entity } = await entityOf({});
    expect(entity?.content).toBe(body.content);
    expect(entity?.sha256).toBe(body.sha256);
  });

  it("has the declared and the detected type", async () => {
    const { entity } = await entityOf({ contentType: " Text/HTML ; charset=utf-8" });
    expect(entity).toMatchObject({ declaredType: "text/html", detectedType: "application/pdf" });
  });

  it("has no type where none is declared", async () => {
    expect((await entityOf({ contentType: " ; a=b" })).entity?.declaredType).toBeUndefined();
  });

  it("is named by Content-Disposition before the URL", async () => {
    const description = {
      contentDisposition: "attachment; filename=report.pdf",
      url: "http://example.com/download",
    };
    expect((await entityOf(description)).entity?.fileName).toBe("report.pdf");
  });

  it("is named by the URL when Content-Disposition has no name", async () => {
    const description = { contentDisposition: "inline", url: "http://example.com/a.zip" };
    expect((await entityOf(description)).entity?.fileName).toBe("a.zip");
  });

  it("is not made when the body is encoded", async () => {
    expect((await entityOf({ contentEncoding: "gzip" })).entity).toBeUndefined();
    expect((await entityOf({ contentEncoding: "unheard-of" })).entity).toBeUndefined();
  });

  it("is made when the encoding is none", async () => {
    for (const contentEncoding of ["", " ", "Identity"]) {
      expect((await entityOf({ contentEncoding })).entity).toBeDefined();
    }
  });

  it("is not made when the body is a multipart", async () => {
    expect((await entityOf({ contentType: "Multipart/X-Own" })).entity).toBeUndefined();
    const twice = "text/plain, multipart/form-data; boundary=b";
    expect((await entityOf({ contentType: twice })).entity).toBeUndefined();
  });

  it("is made of a form without files as it is", async () => {
    const contentType = "application/x-www-form-urlencoded";
    expect((await entityOf({ contentType }, "a=%41&b=c")).entity?.size).toBe(9);
  });

  it("is made of an empty body, whatever is said about it", async () => {
    const description = { contentEncoding: "gzip", contentType: "multipart/form-data" };
    expect((await entityOf(description, "")).entity?.size).toBe(0);
  });
});

describe("a file name in Content-Disposition", () => {
  it.each([
    ["attachment", undefined],
    ["attachment; filename=plain.txt", "plain.txt"],
    ["attachment; FileName = spaced.txt ", "spaced.txt"],
    ['attachment; filename="quoted; name.txt"', "quoted; name.txt"],
    ['attachment; filename="a \\"b\\" c.txt"', 'a "b" c.txt'],
    ['attachment; filename="a %22b%22%0d%0a c.txt"', 'a "b"\r\n c.txt'],
    ['attachment; filename="100%25.txt"', "100%25.txt"],
    ['form-data; filename="C:\\dir\\file.txt"', "C:\\dir\\file.txt"],
    ["attachment; filename=two words.txt", "two words.txt"],
    ['attachment; filename=""', ""],
    ["attachment; filename=\u00e9t\u00e9.txt", "\u00e9t\u00e9.txt"],
    ['attachment; filename="\u00c3\u00a9.txt"', "\u00e9.txt"],
    ["attachment; filename*=UTF-8''%e2%82%ac.txt; filename=euro.txt", "\u20ac.txt"],
    ["attachment; filename=euro.txt; filename*=utf-8'en'%e2%82%ac.txt", "\u20ac.txt"],
    ["attachment; filename*=iso-8859-1''%e9.txt", "\u00e9.txt"],
    ["attachment; filename*=koi8-r''%e9.txt; filename=safe.txt", "safe.txt"],
    ["attachment; filename*=broken; filename=safe.txt", "safe.txt"],
    ["attachment; filename*=UTF-8''%zz%4", "%zz%4"],
    ["attachment; filename=first.txt; filename=second.exe", "first.txt"],
    ['attachment; filename="unclosed', '"unclosed'],
  ])("%s", (value, name) => {
    expect(fileNameOfDisposition(value)).toBe(name);
  });
});

describe("a file name in a URL", () => {
  it.each([
    ["http://example.com", undefined],
    ["http://example.com/", undefined],
    ["http://example.com/dir/", undefined],
    ["http://example.com/dir/file.txt", "file.txt"],
    ["http://example.com/file.txt?name=/other.exe#/x", "file.txt"],
    ["/origin/form.txt", "form.txt"],
    ["http://example.com/a%20b%2Fc.txt", "a b/c.txt"],
    ["http://example.com/%e2%82%ac", "\u20ac"],
    ["http://example.com/%", "%"],
  ])("%s", (url, name) => {
    expect(fileNameOfUrl(url)).toBe(name);
  });
});

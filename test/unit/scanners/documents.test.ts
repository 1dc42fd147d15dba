import { describe, expect, it } from "vitest";
import { numberOf, stringOf } from "../../../src/scanners/archive/pdf-dictionary.ts";
import { decompressVba } from "../../../src/scanners/archive/vba.ts";
import {
  ole10Native,
  oleOf,
  packageOf,
  pdfOf,
  rtfWithObject,
  vbaModule,
} from "../../support/samples/document-makers.ts";
import { encryptedPdfs, lockedPdf } from "../../support/samples/encrypted-pdfs.ts";
import { BadContentEngine, bad, inspect } from "../../support/samples/inspect.ts";
import { zipOf } from "../../support/samples/zip-maker.ts";

const found = (path: string) => ({ kind: "blocked", threats: [{ path }] });
const encrypted = { kind: "unscannable", reason: "encrypted" };

describe("a compound file", () => {
  it("gives its small streams", async () => {
    const bytes = oleOf(
      { name: "Other", content: Buffer.from("x") },
      { name: "Small", content: Buffer.from(bad) },
    );
    expect(await inspect(bytes, { fileName: "a.doc" })).toMatchObject(found("a.doc/Small"));
  });

  it("gives its large streams whole", async () => {
    const engine = new BadContentEngine();
    const content = Buffer.alloc(50_000, "y");
    await inspect(oleOf({ name: "Large", content }), { engine, fileName: "a" });
    expect(engine.seen).toContain("a/Large:50000");
  });

  it("whose table has no room in the header is looked into", async () => {
    const engine = new BadContentEngine();
    const large = { name: "Large", content: Buffer.alloc(8_000_000, "y") };
    const bytes = oleOf(large, { name: "Bad", content: Buffer.from(bad) });
    expect(await inspect(bytes, { engine, fileName: "a" })).toMatchObject(found("a/Bad"));
    expect(engine.seen).toContain("a/Large:8000000");
  });

  it("gives a stream that is too large to look for macros in", async () => {
    const engine = new BadContentEngine();
    const content = Buffer.alloc(33 * 1024 * 1024);
    await inspect(oleOf({ name: "Huge", content }), { engine, fileName: "a" });
    expect(engine.seen).toContain(`a/Huge:${content.length}`);
  });

  it("gives a file that somebody put into it, under its name", async () => {
    const bytes = oleOf(ole10Native("setup.exe", bad));
    expect(await inspect(bytes, { fileName: "a.doc" })).toMatchObject(
      found("a.doc/Ole10Native/setup.exe"),
    );
  });

  it("gives the source of its macros", async () => {
    const engine = new BadContentEngine();
    const source = `Attribute VB_Name = "M"\r\n${"x = 1\r\n".repeat(700)}`;
    const content = Buffer.concat([Buffer.alloc(333, 1), vbaModule(source)]);
    await inspect(oleOf({ name: "Module1", content }), { engine, fileName: "a" });
    expect(engine.seen).toContain(`a/Module1.vba:${source.length}`);
  });

  it("in a zip, as in a document with macros, is looked into", async () => {
    const project = oleOf({ name: "Bad", content: Buffer.from(bad) });
    const bytes = zipOf({ name: "word/vbaProject.bin", content: project });
    expect(await inspect(bytes, { fileName: "a.docm" })).toMatchObject(
      found("a.docm/word/vbaProject.bin/Bad"),
    );
  });

  it("is unscannable/encrypted when it holds an encrypted document", async () => {
    const bytes = oleOf({ name: "EncryptedPackage", content: Buffer.alloc(99) });
    expect(await inspect(bytes)).toMatchObject(encrypted);
  });

  it.each<[string, (bytes: Buffer) => Buffer]>([
    ["is cut off", (bytes) => bytes.subarray(0, 100)],
    ["has sectors of a size that there is not", (bytes) => edited(bytes, 30, 31)],
    ["has a chain that leads out of the file", (bytes) => leadingAstray(bytes)],
  ])("is unscannable/malformed when it %s", async (_what, damage) => {
    const bytes = damage(oleOf({ name: "Large", content: Buffer.alloc(50_000) }));
    expect(await inspect(bytes)).toMatchObject({ kind: "unscannable", reason: "malformed" });
  });
});

function edited(bytes: Buffer, offset: number, value: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(value, offset);
  return copy;
}

/** The table is the last sector; its first entries are the large stream's chain. */
function leadingAstray(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt32LE(5000, copy.length - 512);
  return copy;
}

describe("VBA compression", () => {
  it("is undone as in the example of its specification [MS-OVBA 3.2.2]", () => {
    const packed = Buffer.from(
      "012fb00023616161626364658266007061676869" +
        "6a013808616b6c00306d6e6f70067102700410727374757610" +
        "7778797a003c",
      "hex",
    );
    expect(decompressVba(packed).toString()).toBe(
      "#aaabcdefaaaaghijaaaaaklaaamnopqaaaaaaaaaaaarstuvwxyzaaa",
    );
  });

  it("is undone as in the example of the best compression [MS-OVBA 3.2.3]", () => {
    expect(decompressVba(Buffer.from("0103b002614500", "hex")).toString()).toBe("a".repeat(73));
  });

  it("ends quietly at what is no chunk", () => {
    expect(decompressVba(Buffer.from("01ffffffffff", "hex"))).toHaveLength(0);
  });
});

describe("RTF", () => {
  it("gives a file that somebody put into it", async () => {
    const bytes = rtfWithObject("Package", packageOf("a.exe", bad));
    expect(await inspect(bytes, { fileName: "a.rtf" })).toMatchObject(
      found("a.rtf/Ole10Native/a.exe"),
    );
  });

  it.each<[string, (hex: string) => string]>([
    ["line ends", (hex) => hex.replace(/(.{7})/g, "$1\r\n")],
    ["groups", (hex) => hex.replace(/(.{9})/g, "$1{}{\\*}")],
    ["control words", (hex) => hex.replace(/(.{11})/g, "$1\\foo12 ")],
    ["binary data", (hex) => `${hex.slice(0, 20)}\\bin0 ${hex.slice(20)}`],
  ])("gives it when the hexadecimal is broken up by %s", async (_what, disguise) => {
    const bytes = rtfWithObject("Package", packageOf("a.exe", bad), disguise);
    expect((await inspect(bytes)).kind).toBe("blocked");
  });

  it("gives an object of any other class as it is", async () => {
    const bytes = rtfWithObject("Equation.3", Buffer.from(bad));
    expect(await inspect(bytes, { fileName: "a.rtf" })).toMatchObject(found("a.rtf/object-1"));
  });

  it("without objects is clean", async () => {
    expect((await inspect(Buffer.from("{\\rtf1 Hello {\\b world}}"))).kind).toBe("clean");
  });
});

describe("PDF", () => {
  const filter = "/Filter /FlateDecode";

  it("gives an attachment", async () => {
    const bytes = pdfOf({ dictionary: `/Type /EmbeddedFile ${filter}`, stream: bad });
    expect(await inspect(bytes, { fileName: "a.pdf" })).toMatchObject(found("a.pdf/attachment-1"));
  });

  it("gives an attachment that is not compressed, without the line end behind it", async () => {
    const engine = new BadContentEngine();
    const bytes = pdfOf({ dictionary: "/Type /EmbeddedFile", stream: "four" });
    await inspect(bytes, { engine, fileName: "a" });
    expect(engine.seen).toContain("a/attachment-1:4");
  });

  it("gives an attachment that does not say that it is one", async () => {
    const archive = zipOf({ name: "bad.txt", content: bad });
    const bytes = pdfOf({ dictionary: filter, stream: archive });
    expect(await inspect(bytes, { fileName: "a.pdf" })).toMatchObject(
      found("a.pdf/attachment-1/bad.txt"),
    );
  });

  it.each<[string, string, Buffer]>([
    ["a filter whose name is escaped", "/Filter /Fl#61teDecode", Buffer.from(bad)],
    ["a filter in a list", "/Filter [/FlateDecode]", Buffer.from(bad)],
    ["hexadecimal", "/Filter /ASCIIHexDecode", Buffer.from(`${Buffer.from(bad).toString("hex")}>`)],
    ["Ascii85", "/Filter /ASCII85Decode", Buffer.from("@UWdi@rH7,ASuS~>")],
  ])("gives an attachment with %s", async (_what, dictionary, stream) => {
    const name = dictionary.replace("Fl#61te", "Flate");
    const honest = pdfOf({ dictionary: `/Type /EmbeddedFile ${name}`, stream });
    const bytes = Buffer.from(honest.toString("latin1").replace(name, dictionary), "latin1");
    expect((await inspect(bytes)).kind).toBe("blocked");
  });

  it("gives object streams together, so that rules see an action and its script at once", async () => {
    const engine = new BadContentEngine();
    const bytes = pdfOf(
      { dictionary: `/Type /ObjStm ${filter}`, stream: "/OpenAction 5 0 R" },
      { dictionary: filter, stream: "app.alert(1)" },
    );
    await inspect(bytes, { engine, fileName: "a" });
    expect(engine.seen).toContain("a/object-streams:31");
  });

  it("leaves pictures out", async () => {
    const engine = new BadContentEngine();
    const bytes = pdfOf({ dictionary: `/Subtype /Image ${filter}`, stream: "pixels" });
    await inspect(bytes, { engine, fileName: "a" });
    expect(engine.seen).toEqual([`:${bytes.length}`]);
  });

  it("finds streams wherever the file is cut into pieces", async () => {
    const engine = new BadContentEngine();
    const padding = { dictionary: "/Subtype /Image", stream: Buffer.alloc(1024 * 1024 - 130) };
    const stream = { dictionary: `/Type /EmbeddedFile ${filter}`, stream: "file" };
    const bytes = pdfOf(padding, ...Array.from({ length: 9 }, () => stream));
    await inspect(bytes, { engine, fileName: "a" });
    expect(engine.seen.filter((one) => one.endsWith(":4"))).toHaveLength(9);
  });

  it("with a broken stream is not held to be broken", async () => {
    const bytes = pdfOf({ dictionary: `/Type /ObjStm ${filter}`, stream: "x".repeat(999) });
    bytes.fill(0x55, 70, 75);
    expect((await inspect(bytes)).kind).toBe("clean");
  });

  it.each(Object.entries(encryptedPdfs))(
    "that is encrypted (%s) and opens without a password is looked into",
    async (_how, base64) => {
      const bytes = Buffer.from(base64, "base64");
      expect(await inspect(bytes, { fileName: "a.pdf" })).toMatchObject(
        found("a.pdf/attachment-1"),
      );
    },
  );

  it.each<[string, Buffer]>([
    ["wants a password", Buffer.from(lockedPdf, "base64")],
    ["does not say how it is encrypted", pdfOf({ dictionary: "/Encrypt 9 0 R" })],
    [
      "is encrypted in a way that is not the standard's",
      pdfOf({ dictionary: "/Encrypt << /Filter /Own >>" }),
    ],
    ["says so with an escape", pdfOf({ dictionary: "/#45ncrypt 9 0 R" })],
  ])("is unscannable/encrypted when it %s", async (_what, bytes) => {
    expect(await inspect(bytes)).toMatchObject(encrypted);
  });

  it("does not unpack a bomb", async () => {
    const engine = new BadContentEngine();
    const bytes = pdfOf(
      ...Array.from({ length: 12 }, () => ({
        dictionary: `/Type /ObjStm ${filter}`,
        stream: Buffer.alloc(8 * 1024 * 1024),
      })),
    );
    await inspect(bytes, { engine, fileName: "a" });
    const size = Number(engine.seen.find((one) => one.startsWith("a/object"))?.split(":")[1]);
    expect(size).toBeLessThanOrEqual(37 * 1024 * 1024);
  });
});

describe("a string in a dictionary of a PDF", () => {
  it.each<[string, string, string]>([
    ["letters", "(abc)", "616263"],
    ["brackets in pairs", "(a(b)c)", "6128622963"],
    ["brackets with a stroke", "(a\\)b\\(c)", "6129622863"],
    ["brackets at once", "((a))", "286129"],
    ["escapes", "(\\n\\r\\t\\b\\f\\\\)", "0a0d09080c5c"],
    ["octal numbers", "(\\0\\12\\377a)", "000aff61"],
    ["a line that goes on", "(a\\\nb)", "6162"],
    ["hexadecimal", "<61 62\n63>", "616263"],
    ["nothing", "()", ""],
  ])("may have %s", (_what, text, hex) => {
    expect(stringOf(`/P 5 /O ${text} /U (no)`, "O")?.toString("hex")).toBe(hex);
  });

  it("is none where a number is", () => {
    expect(stringOf("/O 5 0 R", "O")).toBeUndefined();
    expect(numberOf("/Length 5 0 R", "Length")).toBeUndefined();
    expect(numberOf("/P -44 /R 3", "P")).toBe(-44);
  });
});

describe("a mail", () => {
  const mail = (type: string, body: string) =>
    `From: a@good.example\r\nTo: b@good.example\r\nMIME-Version: 1.0\r\nContent-Type: ${type}\r\n${body}`;
  const attachment = (name: string, content: string) =>
    `--=b\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename="${name}"\r\nContent-Transfer-Encoding: base64\r\n\r\n${Buffer.from(content).toString("base64")}\r\n`;
  const withAttachments = (...parts: string[]) =>
    mail('multipart/mixed; boundary="=b"', `\r\n${parts.join("")}--=b--\r\n`);

  it("gives its attachments", async () => {
    const bytes = Buffer.from(
      withAttachments(attachment("good.txt", "good"), attachment("bad.txt", bad)),
    );
    expect(await inspect(bytes, { fileName: "a.eml" })).toMatchObject(found("a.eml/bad.txt"));
  });

  it("gives its attachments when a mail server keeps it", async () => {
    const bytes = Buffer.from(
      `From a@good.example Thu Jul 31 13:49:50 2008\n${withAttachments(attachment("b", bad))}`,
    );
    expect((await inspect(bytes)).kind).toBe("blocked");
  });

  it("that is all attachment gives it", async () => {
    const body = `Content-Transfer-Encoding: base64\r\n\r\n${Buffer.from(bad).toString("base64")}`;
    const bytes = Buffer.from(mail('application/octet-stream; name="x"', body));
    expect((await inspect(bytes)).kind).toBe("blocked");
  });

  it("in a mail is looked into", async () => {
    const inner = withAttachments(attachment("bad.txt", bad));
    const bytes = Buffer.from(
      mail(
        'multipart/mixed; boundary="=o"',
        `\r\n--=o\r\nContent-Type: message/rfc822\r\n\r\n${inner}\r\n--=o--\r\n`,
      ),
    );
    expect((await inspect(bytes)).kind).toBe("blocked");
  });
});

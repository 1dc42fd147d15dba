import { deflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { detectType } from "../../../src/entity/index.ts";
import { MAGIC_TABLE } from "../../../src/entity/magic-table.ts";

const text = (content: string): Buffer => Buffer.from(content, "latin1");
const utf16 = (content: string): Buffer => Buffer.from(content, "utf16le");

/** A zip of stored entries: local headers and data are all that a head shows. */
function zip(...entries: readonly (readonly [name: string, content?: string | Buffer])[]): Buffer {
  return Buffer.concat(
    entries.map(([name, content = "content"]) => {
      const data = typeof content === "string" ? text(content) : content;
      const header = Buffer.alloc(30);
      header.write("PK\x03\x04", "latin1");
      header.writeUInt32LE(data.length, 18);
      header.writeUInt32LE(data.length, 22);
      header.writeUInt16LE(name.length, 26);
      return Buffer.concat([header, text(name), data]);
    }),
  );
}

function ole(mark: Buffer | undefined): Buffer {
  const head = Buffer.alloc(2048);
  Buffer.from("d0cf11e0a1b11ae1", "hex").copy(head);
  mark?.copy(head, 1024);
  return head;
}

const OOXML = "application/vnd.openxmlformats-officedocument.";

describe("marks of binary formats", () => {
  it("are more than 60", () => {
    expect(new Set(MAGIC_TABLE.map(([type]) => type)).size).toBeGreaterThan(60);
  });

  it.each(MAGIC_TABLE.map(([type, ...marks]) => ({ type, marks })))(
    "show $type at $marks.0.0",
    ({ type, marks }) => {
      const head = Buffer.alloc(40_000, 0x20);
      for (const [offset, bytes] of marks) head.write(bytes, offset, "latin1");
      if (type === "application/java-vm") head.writeUInt16BE(52, 6);
      expect(detectType(head)).toBe(type);
    },
  );

  it("are not shown by a head that ends within them", () => {
    expect(detectType(text("\x89PN"))).not.toBe("image/png");
    expect(detectType(text("\x7fEL"))).not.toBe("application/x-executable");
  });

  it.each([
    ["BMW is a car maker", "text/plain"],
    ["GIF89 is a format", "text/plain"],
    ["II* is not a TIFF", "text/plain"],
  ])("are not seen in text: %s", (content, type) => {
    expect(detectType(text(content))).toBe(type);
  });
});

describe("containers", () => {
  it.each([
    ["a plain zip", zip(["readme.txt"]), "application/zip"],
    ["an empty zip", text("PK\x05\x06".padEnd(22, "\0")), "application/zip"],
    [
      "docx",
      zip(["[Content_Types].xml"], ["word/document.xml"]),
      `${OOXML}wordprocessingml.document`,
    ],
    ["xlsx", zip(["_rels/.rels"], ["xl/workbook.xml"]), `${OOXML}spreadsheetml.sheet`],
    ["pptx", zip(["ppt/presentation.xml"]), `${OOXML}presentationml.presentation`],
    [
      "docm",
      zip(["word/document.xml"], ["word/vbaProject.bin"]),
      "application/vnd.ms-word.document.macroenabled.12",
    ],
    ["xlsb", zip(["xl/workbook.bin"]), "application/vnd.ms-excel.sheet.binary.macroenabled.12"],
    ["jar", zip(["META-INF/MANIFEST.MF"], ["a.class"]), "application/java-archive"],
    [
      "apk",
      zip(["META-INF/MANIFEST.MF"], ["AndroidManifest.xml"]),
      "application/vnd.android.package-archive",
    ],
    [
      "odt",
      zip(["mimetype", "application/vnd.oasis.opendocument.text"]),
      "application/vnd.oasis.opendocument.text",
    ],
    ["epub", zip(["mimetype", "application/epub+zip"]), "application/epub+zip"],
    ["a zip that claims a type", zip(["mimetype", "image/png"]), "application/zip"],
    ["a zip entry named like a path of docx", zip(["notword/x"]), "application/zip"],
    ["doc", ole(utf16("WordDocument")), "application/msword"],
    ["xls", ole(utf16("Workbook")), "application/vnd.ms-excel"],
    ["ppt", ole(utf16("PowerPoint Document")), "application/vnd.ms-powerpoint"],
    ["msg", ole(utf16("__properties_version1.0")), "application/vnd.ms-outlook"],
    ["msi", ole(Buffer.from("84100c0000000000c000000000000046", "hex")), "application/x-msi"],
    ["an encrypted docx", ole(utf16("EncryptedPackage")), "application/encrypted"],
    ["another compound file", ole(undefined), "application/x-ole-storage"],
    ["a fat Mach-O", Buffer.from("cafebabe00000002", "hex"), "application/x-mach-binary"],
    ["webm", text("\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm"), "video/webm"],
    ["avif", text("\0\0\0\x20ftypavif"), "image/avif"],
    ["heic", text("\0\0\0\x20ftypheic"), "image/heic"],
    ["m4a", text("\0\0\0\x20ftypM4A "), "audio/mp4"],
    ["quicktime", text("\0\0\0\x20ftypqt  "), "video/quicktime"],
  ])("%s", (_, head, type) => {
    expect(detectType(head)).toBe(type);
  });

  it("of zip are read without trusting the sizes in them", () => {
    const broken = zip(["a", deflateRawSync("x")], ["word/document.xml"]);
    broken.writeUInt32LE(0xffffffff, 18);
    broken.writeUInt16LE(0xffff, 26);
    expect(detectType(broken)).toBe(`${OOXML}wordprocessingml.document`);
  });
});

describe("PDF", () => {
  it.each([
    ["at the start", "%PDF-1.7\n%\xe2\xe3\xcf\xd3"],
    ["after text", "hello\n%PDF-1.4"],
    ["after binary bytes", "\0\x01\x02junk%PDF-1.4"],
    ["at byte 1,019", `${"x".repeat(1019)}%PDF-`],
  ])("is recognised %s", (_, content) => {
    expect(detectType(text(content))).toBe("application/pdf");
  });

  it.each([
    ["behind byte 1,024", `${"x".repeat(1020)}%PDF-`, "text/plain"],
    ["in a web page about it", "<!DOCTYPE html><p>%PDF-", "text/html"],
  ])("is not seen %s", (_, content, type) => {
    expect(detectType(text(content))).toBe(type);
  });
});

describe("text", () => {
  it.each([
    ["text/html", "<!DOCTYPE HTML PUBLIC>"],
    ["text/html", "\r\n\t <html>"],
    ["text/html", "<script>alert(1)</script>"],
    ["text/html", "<!-- comment --><b>x"],
    ["text/html", "<html>\0\0"],
    ["text/html", "\xef\xbb\xbf<html>"],
    ["application/hta", "<html><head><HTA:APPLICATION id=x>"],
    ["image/svg+xml", '<svg xmlns="http://www.w3.org/2000/svg">'],
    ["image/svg+xml", '<?xml version="1.0"?>\n<!-- made --><svg>'],
    ["application/xhtml+xml", '<?xml version="1.0"?><html xmlns="x">'],
    ["application/xml", '<?xml version="1.0"?><note>'],
    ["application/x-wsf", "<job><script language=vbscript>"],
    ["text/x-scriptlet", '<?xml version="1.0"?><scriptlet>'],
    ["text/x-php", "<?php system($_GET['c']);"],
    ["text/plain", "<3 this"],
    ["text/plain", "<bold but not a tag"],
    ["text/x-shellscript", "#!/bin/sh\nrm -rf /"],
    ["text/x-shellscript", "#!/usr/bin/env bash"],
    ["text/x-python", "#!/usr/bin/env python3"],
    ["text/x-perl", "#! /usr/bin/perl -w"],
    ["text/javascript", "#!/usr/bin/env node"],
    ["text/x-script", "#!/usr/bin/awk -f"],
    ["application/json", '{"a": 1}'],
    ["application/json", "[1, 2]"],
    ["application/json", "{}"],
    ["application/json", "[\n  null"],
    ["text/plain", "[note] to self"],
    ["text/plain", "{not json}"],
    ["application/x-mswinurl", "[InternetShortcut]\r\nURL=http://example.com/"],
    ["text/x-ms-regedit", "Windows Registry Editor Version 5.00"],
    ["application/x-pem-file", "-----BEGIN RSA PRIVATE KEY-----"],
    ["text/x-msdos-batch", "@echo off\r\n"],
    ["text/x-msdos-batch", "REM a batch file\r\ncmd /c x"],
    ["text/vbscript", 'Set s = CreateObject("WScript.Shell")'],
    ["text/vbscript", "' comment\r\nOn Error Resume Next\r\n"],
    ["application/x-powershell", "$client = New-Object Net.WebClient"],
    ["application/x-powershell", "param(\n[string]$x)"],
    ["application/x-powershell", "powershell -enc SQBFAFgA"],
    ["text/javascript", '"use strict";'],
    ["text/javascript", "// licence\n/* more */\nvar x = 1;"],
    ["text/javascript", "(function () {"],
    ["text/javascript", "!function(e){"],
    ["text/javascript", "(() => {"],
    ["text/javascript", "import { a } from './a.js';"],
    ["text/javascript", "new ActiveXObject('WScript.Shell')"],
    ["text/plain", "import duties rose from 2 % to 3 %"],
    ["text/plain", "Let me tell you a story"],
    ["text/plain", "function is a word"],
    ["message/rfc822", "Received: from a\r\n by b\r\nFrom: c\r\nMIME-Version: 1.0\r\n\r\n"],
    ["text/plain", "To: whom it may concern\r\n\r\nHello"],
    ["text/plain", "gr\xfc\xdfe"],
    ["text/plain", "   \r\n"],
  ])("%s: %j", (type, content) => {
    expect(detectType(text(content))).toBe(type);
  });

  it.each([
    ["little-endian with a mark", Buffer.concat([text("\xff\xfe"), utf16("<html> ")])],
    ["big-endian with a mark", Buffer.concat([text("\xfe\xff"), utf16("<html> ").swap16()])],
    ["little-endian without a mark", utf16("<script>alert(1)")],
    ["big-endian without a mark", utf16("<script>alert(1)").swap16()],
  ])("is read as UTF-16, %s", (_, head) => {
    expect(detectType(head)).toBe("text/html");
  });

  it("in UTF-16 may be cut within a character", () => {
    const head = Buffer.concat([text("\xfe\xff"), utf16("plain words").swap16()]).subarray(0, -1);
    expect(detectType(head)).toBe("text/plain");
  });
});

describe("what is not recognised", () => {
  it("has no type: no bytes", () => {
    expect(detectType(Buffer.alloc(0))).toBeUndefined();
  });

  it("has no type: binary bytes", () => {
    expect(detectType(text("\x01\x02\x03\x04 anything"))).toBeUndefined();
  });
});

describe("hostile heads", () => {
  it.each([
    ["function", `function${" ".repeat(4000)}`],
    ["import", `import${" ".repeat(4000)}`],
    ["markup", `<?xml${"<?xml".repeat(800)}`],
    ["comments", "<!--x>".repeat(700)],
    ["header lines", "a: b\r\n".repeat(700)],
    ["shebang", `#!${"/".repeat(4000)}`],
    ["assignment", `a${" ".repeat(4000)}`],
    ["unclosed comments", "/*".repeat(2000)],
    ["line comments", "//\n".repeat(1300)],
    ["arrow", `(${"a, ".repeat(1300)}`],
  ])("are looked at in linear time: %s", (_, content) => {
    const head = text(content);
    // A rule that backtracks over 4 KiB squared needs 20 ms a turn, and the test ends by its timeout.
    for (let turn = 0; turn < 1000; turn++) detectType(head);
    expect(detectType(head)).toBeTypeOf("string");
  });
});

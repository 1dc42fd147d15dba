import { describe, expect, it } from "vitest";
import { MemorySource } from "../../../src/scanners/content/byte-source.ts";
import { Specimen, type SpecimenFacts } from "../../../src/scanners/content/specimen.ts";
import { TypeRules } from "../../../src/scanners/content/type-rules.ts";
import { programStub } from "../../support/samples/sample-text.ts";

const elf = Buffer.from("7f454c46020101000000000000000000", "hex");
const mach = Buffer.from("cffaedfe0700000103000000", "hex");
const shortcut = Buffer.concat([
  Buffer.from("4c0000000114020000000000c000000000000046", "hex"),
  Buffer.alloc(60),
]);

const threatIn = (bytes: Buffer, facts: Partial<SpecimenFacts>) =>
  new TypeRules().inspect(new Specimen(new MemorySource(bytes), { fileName: "", ...facts }))[0]
    ?.threat.name;

describe("type rules find", () => {
  it.each<[string, Buffer, Partial<SpecimenFacts>, string]>([
    ["a Windows program named like a document", programStub(), { fileName: "a.pdf" }, "Windows"],
    [
      "a Windows program declared a picture",
      programStub(),
      { declaredType: "image/png" },
      "Windows",
    ],
    ["a Linux program named like a picture", elf, { fileName: "A.JPG" }, "ELF"],
    ["a Mac program declared a text", mach, { declaredType: "text/plain" }, "Mach-O"],
    ["a shortcut named like a letter", shortcut, { fileName: "letter.docx" }, "Shortcut"],
  ])("%s", (_what, bytes, facts, kind) => {
    expect(threatIn(bytes, facts)).toBe(`Disguised-Program.${kind}`);
  });
});

describe("type rules have nothing against", () => {
  it.each<[string, Buffer, Partial<SpecimenFacts>]>([
    [
      "a program that says so",
      programStub(),
      { fileName: "a.exe", declaredType: "application/x-msdownload" },
    ],
    ["a program of no declared type", elf, { declaredType: "application/octet-stream" }],
    [
      "a text that begins with MZ",
      Buffer.from("MZ is where we start".repeat(9)),
      { fileName: "a.txt" },
    ],
    ["a document that is one", Buffer.from("%PDF-1.7"), { fileName: "a.pdf" }],
  ])("%s", (_what, bytes, facts) => {
    expect(threatIn(bytes, facts)).toBeUndefined();
  });
});

import { gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  cabOf,
  cpioOf,
  isoOf,
  rarOf,
  readyMade,
  tarOf,
} from "../../support/samples/archive-makers.ts";
import {
  ole10Native,
  oleOf,
  packageOf,
  pdfOf,
  rtfWithObject,
  vbaModule,
} from "../../support/samples/document-makers.ts";
import { inspect } from "../../support/samples/inspect.ts";
import { programStub } from "../../support/samples/sample-text.ts";
import { zipOf } from "../../support/samples/zip-maker.ts";

const member = { name: "a.txt", content: "good content ".repeat(40) };
const tar = await tarOf(member, { name: "b", content: "b" });

const containers: Readonly<Record<string, Buffer>> = {
  ...readyMade,
  zip: zipOf(member, { ...member, name: "b", isStored: true }, { ...member, isHidden: true }),
  tar,
  tarInGzip: gzipSync(tar),
  zstd: zstdCompressSync(member.content),
  rar: rarOf(member),
  cabinet: cabOf(member),
  cpio: cpioOf(member),
  iso: isoOf(member),
  selfExtracting: Buffer.concat([programStub(), zipOf(member), readyMade.sevenZip]),
  ole: oleOf(
    ole10Native("a.bin", "packaged"),
    { name: "Module", content: vbaModule('Attribute VB_Name = "M"\r\n'.repeat(300)) },
    { name: "Large", content: Buffer.alloc(20_000, 7) },
  ),
  rtf: rtfWithObject("Package", packageOf("a.bin", "packaged")),
  pdf: pdfOf(
    { dictionary: "/Type /ObjStm /Filter /FlateDecode", stream: "/OpenAction 1 0 R" },
    { dictionary: "/Type /EmbeddedFile /Filter [/ASCIIHexDecode]", stream: "68656c6c6f>" },
  ),
  mail: Buffer.from(
    'MIME-Version: 1.0\r\nFrom: a@b\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n--b--\r\n',
  ),
};

/** Places in a file, as parts of its length, and what to put there; and where to cut it off. */
const damage = fc.record({
  edits: fc.array(
    fc.tuple(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), fc.nat(255)),
    {
      maxLength: 12,
    },
  ),
  cut: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { freq: 3 }),
});

function damaged(
  bytes: Buffer,
  { edits, cut }: { edits: [number, number][]; cut: number | null },
): Buffer {
  const copy = Buffer.from(bytes.subarray(0, Math.ceil(bytes.length * (cut ?? 1))));
  for (const [place, value] of edits) {
    if (copy.length > 0) copy[Math.floor(place * copy.length)] = value;
  }
  return copy;
}

const indifferent = { name: "indifferent", inspect: () => [] };

describe("a damaged container never does worse than being unscannable:", () => {
  it.each(Object.keys(containers))(
    "%s",
    async (name) => {
      const whole = containers[name] ?? Buffer.alloc(0);
      await fc.assert(
        fc.asyncProperty(damage, async (harm) => {
          const { kind, reason, message } = await inspect(damaged(whole, harm), {
            engine: indifferent,
            limits: { maxEntryBytes: 1 << 20, maxTotalBytes: 4 << 20 },
          });
          expect(["clean", "unscannable"], `${reason}: ${message}`).toContain(kind);
        }),
        { numRuns: 150, interruptAfterTimeLimit: 4000 },
      );
    },
    30_000,
  );
});

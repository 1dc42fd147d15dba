import { detectType } from "../../entity/index.ts";
import { VerdictReason } from "../../scanning/index.ts";
import type { Specimen } from "../content/specimen.ts";
import { hasZipTail } from "./appended.ts";
import { UnpackFailure } from "./limits.ts";
import { isTar } from "./tar-header.ts";
import type { Unpacker } from "./unpacker.ts";

const compressed = (name: "unpackGzip" | "unpackZstd" | "unpackBzip2" | "unpackXz"): Unpacker => {
  return async (container, sink) => {
    const unpackers = await import("./compressed-stream.ts");
    await unpackers[name](container, sink);
  };
};

const zip: Unpacker = async (container, sink) => {
  const { unpackZip } = await import("./zip.ts");
  await unpackZip(container, sink);
};

const tar: Unpacker = async (container, sink) => {
  const { unpackTar } = await import("./tar.ts");
  await unpackTar(container, sink);
};

const libarchive: Unpacker = async (container, sink) => {
  const { unpackWithLibarchive } = await import("./libarchive.ts");
  await unpackWithLibarchive(container, sink);
};

const ole: Unpacker = async (container, sink) => {
  const { unpackOle } = await import("./ole.ts");
  await unpackOle(container, sink);
};

const pdf: Unpacker = async (container, sink) => {
  const { unpackPdf } = await import("./pdf.ts");
  await unpackPdf(container, sink);
};

const mail: Unpacker = async (container, sink) => {
  const { unpackMail } = await import("./mail.ts");
  await unpackMail(container, sink);
};

const rtf: Unpacker = async (container, sink) => {
  const { unpackRtf } = await import("./rtf.ts");
  await unpackRtf(container, sink);
};

const appended: Unpacker = async (container, sink) => {
  const { unpackAppended } = await import("./appended.ts");
  await unpackAppended(container, sink);
};

const refuse = (reason: VerdictReason, message: string): Unpacker => {
  return async () => {
    throw new UnpackFailure(reason, message);
  };
};

const closed = refuse(VerdictReason.Type, "archives of this format cannot be looked into");

/** By the media type that the first bytes show. Zip and compound files have too many names to list. */
const byType: Readonly<Record<string, Unpacker>> = {
  "application/gzip": compressed("unpackGzip"),
  "application/zstd": compressed("unpackZstd"),
  "application/x-bzip2": compressed("unpackBzip2"),
  "application/x-xz": compressed("unpackXz"),
  "application/x-7z-compressed": libarchive,
  "application/vnd.rar": libarchive,
  "application/vnd.ms-cab-compressed": libarchive,
  "application/x-cpio": libarchive,
  "application/x-iso9660-image": libarchive,
  "application/x-xar": libarchive,
  "application/x-archive": libarchive,
  "application/vnd.debian.binary-package": libarchive,
  "application/pdf": pdf,
  "application/rtf": rtf,
  "message/rfc822": mail,
  "application/x-dosexec": appended,
  "application/x-executable": appended,
  "application/x-mach-binary": appended,
  "application/x-arj": closed,
  "application/x-lzh-compressed": closed,
  "application/x-ace": closed,
  "application/x-zoo": closed,
  "application/x-alz": closed,
  "application/x-compress": closed,
  "application/x-lzip": closed,
  "application/x-lzma": closed,
  "application/x-lzop": closed,
  "application/x-lz4": closed,
  "application/x-snappy-framed": closed,
  "application/x-installshield": closed,
  "application/vnd.ms-htmlhelp": closed,
  "application/vnd.ms-tnef": closed,
  "application/x-ms-wim": closed,
  "application/x-squashfs": closed,
  "application/x-vhd": closed,
  "application/x-vhdx": closed,
  "application/x-vmdk": closed,
  "application/x-qemu-disk": closed,
};

const ZIP_MARKS = ["PK\x03\x04", "PK\x05\x06", "PK\x07\x08"];
const OLE_MARK = "d0cf11e0a1b11ae1";

/** cpio written on a big-endian machine. */
const CPIO_MARK = "71c7";

/** How to look into a specimen; undefined when it holds nothing. */
export function unpackerFor(specimen: Specimen): Unpacker | undefined {
  const { head, detectedType = "" } = specimen;
  if (ZIP_MARKS.includes(head.toString("latin1", 0, 4))) return zip;
  if (head.toString("hex", 0, 8) === OLE_MARK) return ole;
  const unpacker = byType[detectedType];
  if (unpacker !== undefined) return unpacker;
  if (isTar(head)) return tar;
  if (isMailbox(head)) return mail;
  if (head.toString("hex", 0, 2) === CPIO_MARK) return libarchive;
  return hasZipTail(specimen.source) ? appended : undefined;
}

/** A mail as mail servers keep it, with a line before its headers. */
function isMailbox(head: Buffer): boolean {
  if (head.toString("latin1", 0, 5) !== "From ") return false;
  return detectType(head.subarray(head.indexOf("\n") + 1)) === "message/rfc822";
}

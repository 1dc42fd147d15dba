import { VerdictReason } from "../../scanning/index.ts";
import type { Specimen } from "../content/specimen.ts";
import { UnpackFailure } from "./limits.ts";
import { isTar } from "./tar.ts";
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

const refuse = (reason: VerdictReason, message: string): Unpacker => {
  return async () => {
    throw new UnpackFailure(reason, message);
  };
};

const closed = refuse(VerdictReason.Type, "archives of this format cannot be looked into");

/** By the media type that the first bytes show. Zip in its many names is not listed: `isZip`. */
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
  "application/encrypted": refuse(VerdictReason.Encrypted, "document is encrypted"),
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
  "application/x-ms-wim": closed,
  "application/x-squashfs": closed,
  "application/x-vhd": closed,
  "application/x-vhdx": closed,
  "application/x-vmdk": closed,
  "application/x-qemu-disk": closed,
};

const ZIP_MARKS = ["PK\x03\x04", "PK\x05\x06", "PK\x07\x08"];

/** How to look into a specimen; undefined when it holds nothing. */
export function unpackerFor(specimen: Specimen): Unpacker | undefined {
  if (ZIP_MARKS.includes(specimen.head.toString("latin1", 0, 4))) return zip;
  const unpacker = byType[specimen.detectedType ?? ""];
  if (unpacker !== undefined) return unpacker;
  return isTar(specimen.head) ? tar : undefined;
}

/**
 * Formats that share one container and differ only inside it. Each function gets the head of a
 * container and answers the type, or the container's own when the head does not show more.
 */

const ZIP_ENTRY = Buffer.from("PK\x03\x04", "latin1");
const ZIP_NAME_OFFSET = 30;
const MAX_ZIP_ENTRIES = 64;

/** Names of entries and what an archive that has one is. The first that matches wins. */
const ZIP_ENTRY_TYPES: readonly (readonly [name: RegExp, type: string])[] = [
  [/^word\/vbaProject\.bin$/i, "application/vnd.ms-word.document.macroenabled.12"],
  [/^xl\/vbaProject\.bin$/i, "application/vnd.ms-excel.sheet.macroenabled.12"],
  [/^ppt\/vbaProject\.bin$/i, "application/vnd.ms-powerpoint.presentation.macroenabled.12"],
  [/^xl\/workbook\.bin$/i, "application/vnd.ms-excel.sheet.binary.macroenabled.12"],
  [/^word\//i, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"],
  [/^xl\//i, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"],
  [/^ppt\//i, "application/vnd.openxmlformats-officedocument.presentationml.presentation"],
  [/^visio\//i, "application/vnd.ms-visio.drawing"],
  [/^(?:AndroidManifest\.xml|classes\.dex)$/, "application/vnd.android.package-archive"],
  [/^AppxManifest\.xml$/i, "application/vnd.ms-appx"],
  [/^META-INF\/MANIFEST\.MF$/i, "application/java-archive"],
];

/** What the entry `mimetype` of OpenDocument and EPUB may say; anything else is not believed. */
const ZIP_MIMETYPE = /^application\/(?:epub\+zip|vnd\.oasis\.opendocument\.[a-z-]{4,32})/;

export function zipType(head: Buffer): string {
  const names = zipEntryNames(head);
  if (names[0] === "mimetype") {
    const start = ZIP_NAME_OFFSET + "mimetype".length + head.readUInt16LE(28);
    const type = ZIP_MIMETYPE.exec(head.toString("latin1", start, start + 80))?.[0];
    if (type !== undefined) return type;
  }
  const found = ZIP_ENTRY_TYPES.find(([name]) => names.some((entry) => name.test(entry)));
  return found?.[1] ?? "application/zip";
}

/** The names in the local headers of the head. Sizes are not followed: writers may leave them 0. */
function zipEntryNames(head: Buffer): string[] {
  const names: string[] = [];
  let at = head.indexOf(ZIP_ENTRY);
  while (at >= 0 && at + ZIP_NAME_OFFSET <= head.length && names.length < MAX_ZIP_ENTRIES) {
    const start = at + ZIP_NAME_OFFSET;
    names.push(
      head.toString("latin1", start, Math.min(start + head.readUInt16LE(at + 26), head.length)),
    );
    at = head.indexOf(ZIP_ENTRY, start);
  }
  return names;
}

const utf16 = (text: string): Buffer => Buffer.from(text, "utf16le");

/** Streams (UTF-16) and class ids in the directory of a compound file and what they show. */
const OLE_MARKS: readonly (readonly [mark: Buffer, type: string])[] = [
  [utf16("EncryptedPackage"), "application/encrypted"],
  [utf16("WordDocument"), "application/msword"],
  [utf16("Workbook"), "application/vnd.ms-excel"],
  [utf16("PowerPoint Document"), "application/vnd.ms-powerpoint"],
  [utf16("VisioDocument"), "application/vnd.visio"],
  [utf16("__properties_version1.0"), "application/vnd.ms-outlook"],
  [Buffer.from("84100c0000000000c000000000000046", "hex"), "application/x-msi"],
  [Buffer.from("86100c0000000000c000000000000046", "hex"), "application/x-ms-patch"],
];

export function oleType(head: Buffer): string {
  return OLE_MARKS.find(([mark]) => head.includes(mark))?.[1] ?? "application/x-ole-storage";
}

/** Java classes and fat Mach-O files share a mark; a class has its version (45 or more) at 6. */
export function cafeBabeType(head: Buffer): string {
  const isClass = head.length >= 8 && head.readUInt16BE(6) >= 45;
  return isClass ? "application/java-vm" : "application/x-mach-binary";
}

export function matroskaType(head: Buffer): string {
  return head.subarray(0, 64).includes("webm") ? "video/webm" : "video/x-matroska";
}

const BRAND_TYPES: readonly (readonly [brand: RegExp, type: string])[] = [
  [/^avi[fs]/, "image/avif"],
  [/^(?:heic|heix|mif1|msf1)/, "image/heic"],
  [/^qt/, "video/quicktime"],
  [/^M4A/, "audio/mp4"],
  [/^3g/, "video/3gpp"],
];

/** ISO base media files name their kind in the major brand, at 8. */
export function isoMediaType(head: Buffer): string {
  const brand = head.toString("latin1", 8, 12);
  return BRAND_TYPES.find(([pattern]) => pattern.test(brand))?.[1] ?? "video/mp4";
}

/**
 * The groups of c-icap.magic and the types in common use there, as the media types that Sluice
 * recognises. `""` is what neither recognises.
 */
export const TYPES: Readonly<Record<string, readonly string[]>> = {
  TEXT: ["text/*"],
  HTML: ["text/html"],
  DATA: [""],
  BINARY: [""],
  EXECUTABLE: [
    "application/x-dosexec",
    "application/x-executable",
    "application/x-mach-binary",
    "application/x-msi",
    "application/java-archive",
    "application/java-vm",
  ],
  MSEXE: ["application/x-dosexec"],
  ELF: ["application/x-executable"],
  ARCHIVE: [
    "application/zip",
    "application/gzip",
    "application/x-tar",
    "application/x-bzip2",
    "application/x-xz",
    "application/x-7z-compressed",
    "application/vnd.rar",
    "application/x-arj",
    "application/x-ace",
    "application/x-lzh-compressed",
    "application/vnd.ms-cab-compressed",
    "application/x-iso9660-image",
    "application/x-cpio",
    "application/x-rpm",
    "application/vnd.debian.binary-package",
  ],
  ZIP: ["application/zip"],
  RAR: ["application/vnd.rar"],
  GZip: ["application/gzip"],
  BZip: ["application/x-bzip2"],
  TAR: ["application/x-tar"],
  GRAPHICS: ["image/*"],
  GIF: ["image/gif"],
  JPEG: ["image/jpeg"],
  PNG: ["image/png"],
  BMP: ["image/bmp"],
  STREAM: ["video/*", "audio/*"],
  MPEG: ["video/mpeg"],
  DOCUMENT: [
    "application/pdf",
    "application/postscript",
    "application/rtf",
    "application/msword",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    "application/x-ole-storage",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
  ],
  MSOFFICE: [
    "application/msword",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    "application/x-ole-storage",
  ],
  PDF: ["application/pdf"],
  RTF: ["application/rtf"],
};

/** The media types of a name, whatever its case; undefined for one that is not known here. */
export function typesOf(name: string): readonly string[] | undefined {
  const wanted = name.toLowerCase();
  return Object.entries(TYPES).find(([known]) => known.toLowerCase() === wanted)?.[1];
}

/** Declared types that promise nothing about the bytes. */
const GENERIC: ReadonlySet<string> = new Set([
  "",
  "application/octet-stream",
  "binary/octet-stream",
  "application/force-download",
  "application/download",
  "application/x-download",
  "application/unknown",
  "unknown/unknown",
]);

/** Containers that many a document type is made of: a declared type may be more precise than the bytes. */
const CONTAINERS: ReadonlyMap<string, RegExp> = new Map([
  ["application/zip", /zip|\+zip|openxml|opendocument|java-archive|android|epub|jar/],
  ["application/x-ole-storage", /ms|office|visio|outlook|ole/],
  ["application/xml", /xml|html|svg|rss|atom/],
  ["text/xml", /xml|html|svg|rss|atom/],
  ["application/json", /json|javascript/],
  ["text/html", /html|xml/],
]);

/**
 * Whether the bytes show another type than is declared, where neither is a generic form of the
 * other: `image/png` over an executable disagrees, `text/csv` over plain text does not.
 */
export function typesDisagree(detected: string | undefined, declared: string | undefined): boolean {
  if (detected === undefined || declared === undefined || GENERIC.has(declared)) return false;
  if (detected === declared) return false;
  if (CONTAINERS.get(detected)?.test(declared) === true) return false;
  return !(topLevel(detected) === "text" && isTextual(declared)) && !sameFamily(detected, declared);
}

function topLevel(type: string): string {
  return type.split("/", 1)[0] as string;
}

function isTextual(type: string): boolean {
  return topLevel(type) === "text" || /(json|xml|javascript|script|yaml|csv|html|x-sh)/.test(type);
}

/** `audio/mp4` and `video/mp4`, `image/x-icon` and `image/vnd.microsoft.icon`: one container, or one trade. */
function sameFamily(a: string, b: string): boolean {
  const media = new Set(["audio", "video"]);
  if (media.has(topLevel(a)) && media.has(topLevel(b))) return true;
  return topLevel(a) === "image" && topLevel(b) === "image";
}

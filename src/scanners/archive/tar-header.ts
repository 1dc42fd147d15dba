const BLOCK_BYTES = 512;

/**
 * Whether a block is the header of a tar member: by its mark, or, for archives older than the mark,
 * by its checksum.
 */
export function isTar(head: Buffer): boolean {
  if (head.length < BLOCK_BYTES) return false;
  if (head.toString("latin1", 257, 262) === "ustar") return true;
  const stated = Number.parseInt(head.toString("latin1", 148, 156).replace(/[\0 ]+/g, ""), 8);
  return stated > 0 && stated === checksum(head);
}

/** POSIX: the sum of the header's bytes, those of the checksum itself taken as spaces. */
function checksum(header: Buffer): number {
  let sum = 8 * 0x20;
  for (let at = 0; at < BLOCK_BYTES; at += 1) {
    if (at < 148 || at >= 156) sum += header[at] ?? 0;
  }
  return sum;
}

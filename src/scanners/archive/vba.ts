/** The longest module that is decompressed; more of it is left out, as a macro is not that long. */
const MAX_SOURCE_BYTES = 4 * 1024 * 1024;
const CHUNK_BYTES = 4096;

/** How a compressed module begins: a chunk's flag byte and the first eight letters of `Attribute`. */
const MODULE_START = Buffer.from("\0Attribut", "latin1");
/** Before it: the container's signature and the chunk's header. */
const LEAD_BYTES = 3;

/**
 * The source texts of VBA modules in a stream of a compound file, decompressed ([MS-OVBA] 2.4.1).
 * They are found by how they begin, not by the project's directory, which macro viruses forge.
 */
export function* vbaSources(stream: Buffer): Generator<Buffer> {
  let from = 0;
  for (;;) {
    const found = stream.indexOf(MODULE_START, from);
    if (found < 0) return;
    from = found + MODULE_START.length;
    const start = found - LEAD_BYTES;
    if (start >= 0 && stream[start] === 1) yield decompressVba(stream.subarray(start));
  }
}

/** Decompresses a container; stops at the first thing that is none. Exported for its tests. */
export function decompressVba(container: Buffer): Buffer {
  const chunks: Buffer[] = [];
  let size = 0;
  let at = 1;
  while (at + 2 <= container.length && size < MAX_SOURCE_BYTES) {
    const header = container.readUInt16LE(at);
    if (((header >> 12) & 7) !== 3) break;
    const end = at + (header & 0xfff) + 3;
    const body = container.subarray(at + 2, end);
    const chunk = header >> 15 === 0 ? body : decompressChunk(body);
    chunks.push(chunk);
    size += chunk.length;
    at = end;
  }
  return Buffer.concat(chunks);
}

/** Eight tokens follow each flag byte: a literal, or a copy of what is there already. */
function decompressChunk(tokens: Buffer): Buffer {
  const chunk: Chunk = { output: Buffer.alloc(CHUNK_BYTES), length: 0 };
  let at = 0;
  while (at < tokens.length && chunk.length < CHUNK_BYTES) {
    const flags = tokens[at] ?? 0;
    at += 1;
    for (let bit = 0; bit < 8 && at < tokens.length; bit += 1) {
      at += takeToken(chunk, tokens.subarray(at), ((flags >> bit) & 1) === 1);
    }
  }
  return chunk.output.subarray(0, chunk.length);
}

interface Chunk {
  readonly output: Buffer;
  length: number;
}

/** Returns how many bytes the token has. */
function takeToken(chunk: Chunk, tokens: Buffer, isCopy: boolean): number {
  const [low = 0, high = 0] = tokens;
  if (isCopy) {
    copyBack(chunk, low | (high << 8));
    return 2;
  }
  if (chunk.length < CHUNK_BYTES) chunk.output[chunk.length] = low;
  chunk.length = Math.min(CHUNK_BYTES, chunk.length + 1);
  return 1;
}

/** How many bits of a token are the distance depends on how much there is to copy from. */
function copyBack(chunk: Chunk, token: number): void {
  const distanceBits = Math.max(4, Math.ceil(Math.log2(Math.max(chunk.length, 1))));
  const lengthMask = 0xffff >> distanceBits;
  const distance = (token >> (16 - distanceBits)) + 1;
  const end = Math.min(CHUNK_BYTES, chunk.length + (token & lengthMask) + 3);
  for (; chunk.length < end; chunk.length += 1) {
    chunk.output[chunk.length] = chunk.output[chunk.length - distance] ?? 0;
  }
}

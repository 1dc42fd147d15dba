import { randomBytes } from "node:crypto";
import zlib from "node:zlib";
import { describe, expect, it } from "vitest";
import {
  type EntityContent,
  EntityExtractor,
  EXTRACTION_DEFAULTS,
  type Extraction,
  type ExtractionLimits,
  readContent,
  type SpoolStore,
} from "../../../src/entity/index.ts";
import { keep, noise, temporaryStore } from "./temporary-store.ts";

const KiB = 1024;
const live = new AbortController().signal;
/** Compresses about 1:3, as text does. */
const prose = Buffer.from(noise(300 * KiB).toString("hex"));

interface Decoding {
  readonly limits?: Partial<ExtractionLimits>;
  readonly store?: SpoolStore;
  readonly signal?: AbortSignal;
}

async function decode(encoded: Buffer, contentEncoding: string, how: Decoding = {}) {
  const store = how.store ?? (await temporaryStore());
  const extractor = new EntityExtractor(store, { ...EXTRACTION_DEFAULTS, ...how.limits });
  const body = await keep(store, encoded);
  return await extractor.extract(body, { contentEncoding }, how.signal ?? live);
}

async function bytesOf(content: EntityContent): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of readContent(content)) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function onlyEntity(extraction: Extraction): Promise<Buffer> {
  expect(extraction.problems).toEqual([]);
  expect(extraction.entities).toHaveLength(1);
  return bytesOf((extraction.entities[0] as Extraction["entities"][number]).content);
}

const reasons = ({ problems }: Extraction): string[] =>
  problems.map(({ kind, reason }) => `${kind}: ${reason}`);

const ENCODERS: Record<string, (data: Buffer) => Buffer> = {
  gzip: zlib.gzipSync,
  "x-gzip": zlib.gzipSync,
  deflate: zlib.deflateSync,
  "deflate without zlib's frame": zlib.deflateRawSync,
  br: (data) =>
    zlib.brotliCompressSync(data, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 4 } }),
  zstd: zlib.zstdCompressSync,
};

describe.each(Object.entries(ENCODERS))("%s", (name, encode) => {
  const coding = name.split(" ")[0] as string;

  it("is undone for a small body", async () => {
    const extraction = await decode(encode(Buffer.from("small body")), coding);
    expect((await onlyEntity(extraction)).toString()).toBe("small body");
  });

  it("is undone for a small body that is large inside", async () => {
    const extraction = await decode(encode(Buffer.alloc(500 * KiB, "a")), coding);
    expect((await onlyEntity(extraction)).equals(Buffer.alloc(500 * KiB, "a"))).toBe(true);
  });

  it("is undone for a body in a file", async () => {
    const extraction = await decode(encode(prose), coding);
    expect((await onlyEntity(extraction)).equals(prose)).toBe(true);
  });

  it("is malformed when it is cut off", async () => {
    const encoded = encode(Buffer.from("cut off here".repeat(10)));
    for (const kept of [1, encoded.length >> 1, encoded.length - 1]) {
      const extraction = await decode(encoded.subarray(0, kept), coding);
      expect(reasons(extraction)).toEqual(["unscannable: malformed-encoding"]);
    }
  });

  it("is malformed when it is large and cut off", async () => {
    const encoded = encode(prose);
    const extraction = await decode(encoded.subarray(0, -1), coding);
    expect(reasons(extraction)).toEqual(["unscannable: malformed-encoding"]);
  });

  it("is malformed when other bytes follow, which a client might take for the content", async () => {
    for (const rest of [Buffer.from("X5O!"), Buffer.alloc(8), randomBytes(100_000)]) {
      const extraction = await decode(Buffer.concat([encode(prose), rest]), coding);
      expect(reasons(extraction)).toEqual(["unscannable: malformed-encoding"]);
    }
  });
});

describe("several members", () => {
  it("of gzip are one content", async () => {
    const twice = Buffer.concat([zlib.gzipSync("one "), zlib.gzipSync("two")]);
    expect((await onlyEntity(await decode(twice, "gzip"))).toString()).toBe("one two");
  });

  it("of zstd are one content", async () => {
    const twice = Buffer.concat([zlib.zstdCompressSync("one "), zlib.zstdCompressSync("two")]);
    expect((await onlyEntity(await decode(twice, "zstd"))).toString()).toBe("one two");
  });

  it("of zstd are one content in a file", async () => {
    const twice = Buffer.concat([zlib.zstdCompressSync(prose), zlib.zstdCompressSync(prose)]);
    const decoded = await onlyEntity(await decode(twice, "zstd"));
    expect(decoded.equals(Buffer.concat([prose, prose]))).toBe(true);
  });

  it("of zstd may be hidden behind a skippable one", async () => {
    const skippable = Buffer.from("502a4d1804000000736b6970", "hex");
    const hidden = Buffer.concat([skippable, zlib.zstdCompressSync("hidden"), skippable]);
    expect((await onlyEntity(await decode(hidden, "zstd"))).toString()).toBe("hidden");
  });

  it("of deflate are malformed: it has none", async () => {
    const twice = Buffer.concat([zlib.deflateSync("one "), zlib.deflateSync("two")]);
    expect(reasons(await decode(twice, "deflate"))).toEqual(["unscannable: malformed-encoding"]);
  });
});

describe("lists of codings", () => {
  it("are undone in the reverse order", async () => {
    const encoded = zlib.brotliCompressSync(zlib.gzipSync(zlib.deflateSync("deep")));
    const extraction = await decode(encoded, "deflate, GZIP ,identity, br");
    expect((await onlyEntity(extraction)).toString()).toBe("deep");
  });

  it("leave nothing behind", async () => {
    const store = await temporaryStore();
    const encoded = zlib.gzipSync(zlib.gzipSync(prose));
    const extraction = await decode(encoded, "gzip, gzip", { store });
    const [entity] = extraction.entities;
    const left = encoded.length + (entity?.size ?? 0);
    await expect.poll(() => store.budget.diskBytes).toBe(left);
  });

  it("have a limit", async () => {
    const extraction = await decode(Buffer.from("x"), "gzip, gzip, gzip, gzip");
    expect(reasons(extraction)).toEqual(["unscannable: too-many-encodings"]);
  });

  it("name what cannot be undone", async () => {
    for (const coding of ["compress", "aws-chunked", "gzip, dcb", "constructor", "utf-8"]) {
      const extraction = await decode(Buffer.from("x"), coding);
      expect(reasons(extraction)).toEqual(["unscannable: unsupported-encoding"]);
    }
  });
});

describe("a bomb", () => {
  const MiB = 1024 * KiB;

  it("is stopped at the size limit", async () => {
    const extraction = await decode(zlib.gzipSync(prose), "gzip", {
      limits: { maxDecodedBytes: prose.length - 1 },
    });
    expect(reasons(extraction)).toEqual(["oversize: decoded-size"]);
  });

  it("may fill the size limit", async () => {
    const extraction = await decode(zlib.gzipSync(prose), "gzip", {
      limits: { maxDecodedBytes: prose.length },
    });
    expect(extraction.problems).toEqual([]);
  });

  it("is stopped at the ratio limit, for every coding", async () => {
    const zeros = Buffer.alloc(11 * MiB);
    for (const [coding, encode] of [
      ["gzip", zlib.gzipSync],
      ["br", ENCODERS["br"]],
      ["zstd", zlib.zstdCompressSync],
    ] as const) {
      const extraction = await decode(encode?.(zeros) as Buffer, coding);
      expect(reasons(extraction)).toEqual(["unscannable: decoded-ratio"]);
    }
  });

  it("of layers is measured against what was sent", async () => {
    const encoded = zlib.gzipSync(zlib.gzipSync(Buffer.alloc(12 * MiB)));
    const extraction = await decode(encoded, "gzip, gzip");
    expect(reasons(extraction)).toEqual(["unscannable: decoded-ratio"]);
  });

  it("may grow by more while it is small", async () => {
    const extraction = await decode(zlib.gzipSync(Buffer.alloc(9 * MiB)), "gzip");
    expect(extraction.problems).toEqual([]);
  });

  it("leaves nothing behind", async () => {
    const store = await temporaryStore();
    const encoded = zlib.gzipSync(Buffer.alloc(11 * MiB));
    await decode(encoded, "gzip", { store });
    await expect.poll(() => store.budget.diskBytes).toBe(0);
  });

  it("in zstd may not ask for a window above 8 MiB [RFC 9659 §3]", async () => {
    const frame = zlib.zstdCompressSync(noise((40 * MiB) >> 2), {
      params: {
        [zlib.constants.ZSTD_c_windowLog]: 27,
        [zlib.constants.ZSTD_c_compressionLevel]: 1,
      },
    });
    expect(reasons(await decode(frame, "zstd"))).toEqual(["unscannable: malformed-encoding"]);
  });
});

describe("what cannot be decoded", () => {
  it("is an entity as it came, so that it is scanned nevertheless", async () => {
    const extraction = await decode(Buffer.from("not gzip at all"), "gzip");
    expect(reasons(extraction)).toEqual(["unscannable: malformed-encoding"]);
    expect(extraction.entities).toHaveLength(1);
    expect(extraction.entities[0]).toMatchObject({ size: 15, detectedType: "text/plain" });
  });

  it("is a full disk's fault when it is", async () => {
    const store = await temporaryStore({ totalDiskBytes: 400 * KiB });
    const extraction = await decode(zlib.gzipSync(prose), "gzip", { store });
    expect(reasons(extraction)).toEqual(["error: spool-full"]);
  });

  it("is aborted with its transaction", async () => {
    const extraction = await decode(zlib.gzipSync(prose), "gzip", {
      signal: AbortSignal.abort(new Error("deadline")),
    });
    expect(reasons(extraction)).toEqual(["error: aborted"]);
  });
});

describe("an empty body", () => {
  it("is empty whatever its coding", async () => {
    const extraction = await decode(Buffer.alloc(0), "gzip");
    expect((await onlyEntity(extraction)).length).toBe(0);
  });
});

import zlib from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  AppendResult,
  type Entity,
  type EntityContent,
  EntityExtractor,
  EXTRACTION_DEFAULTS,
  type Extraction,
  type KeptBody,
  readContent,
  SPOOL_DEFAULTS,
  SpoolStore,
} from "../../../src/entity/index.ts";
import { splitMultipart } from "../../../src/entity/multipart.ts";
import { TempDirectory } from "../../support/temp-directory.ts";

const directory = new TempDirectory();
const live = new AbortController().signal;
let inMemory: SpoolStore;
let inFiles: SpoolStore;

beforeAll(async () => {
  const options = { ...SPOOL_DEFAULTS, memoryBytes: 256 * 1024, directory: directory.path };
  inMemory = await SpoolStore.open(options);
  inFiles = await SpoolStore.open({ ...options, memoryBytes: 0 });
});
afterAll(async () => {
  await Promise.all([inMemory.close(), inFiles.close()]);
  directory.remove();
});

const ended: { dispose(): void }[] = [];
/** Disposes what the last run of a property left, so that the budgets are as at the start. */
function startRun(): void {
  for (const each of ended.splice(0)) each.dispose();
}

async function keep(store: SpoolStore, bytes: Buffer): Promise<KeptBody> {
  const spool = store.create(bytes.length);
  ended.push(spool);
  expect(spool.append(bytes, 0, bytes.length)).not.toBe(AppendResult.Refused);
  const result = await spool.finish();
  if (!result.ok) throw new Error(`not kept: ${result.failure.kind}`);
  return result.body;
}

async function bytesOf(content: EntityContent): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of readContent(content)) pieces.push(piece);
  return Buffer.concat(pieces);
}

const BOUNDARY = "b";
/** Bytes of the alphabet that delimiters are made of, so that near misses are frequent. */
const nearMiss = fc
  .array(
    fc.constantFrom("\r\n--b", "\r\n", "\r", "\n", "--b", "--", "-", "b", "\0", "x", "\r\n--"),
    {
      maxLength: 40,
    },
  )
  .map((pieces) => Buffer.from(pieces.join("")));
const anyBytes = fc.uint8Array({ maxLength: 3000, size: "max" }).map((bytes) => Buffer.from(bytes));
const content = fc
  .oneof(nearMiss, anyBytes)
  .filter((bytes) => !Buffer.concat([Buffer.from("\r\n"), bytes]).includes("\r\n--b"));

const part = fc.record({
  fileName: fc.option(fc.stringMatching(/^[a-z ;=]{1,12}\.[a-z]{3}$/), { nil: undefined }),
  padding: fc.constantFrom("", " ", "\t "),
  content,
});

interface MadePart {
  readonly fileName: string | undefined;
  readonly padding: string;
  readonly content: Buffer;
}

function makeMultipart(parts: readonly MadePart[]): Buffer {
  const pieces: (string | Buffer)[] = [];
  for (const { fileName, padding, content: bytes } of parts) {
    const name = fileName === undefined ? "" : `; filename="${fileName}"`;
    pieces.push(`--${BOUNDARY}${padding}\r\nContent-Disposition: form-data${name}\r\n\r\n`);
    pieces.push(bytes, "\r\n");
  }
  pieces.push(`--${BOUNDARY}--\r\n`);
  return Buffer.concat(pieces.map((piece) => Buffer.from(piece as string)));
}

async function extract(store: SpoolStore, bytes: Buffer, about: object): Promise<Extraction> {
  const extractor = new EntityExtractor(store, EXTRACTION_DEFAULTS);
  const extraction = await extractor.extract(await keep(store, bytes), about, live);
  ended.push(extraction);
  return extraction;
}

const summaryOf = (entities: readonly Entity[]) =>
  entities.map(({ size, sha256, fileName, detectedType }) => ({
    size,
    sha256,
    fileName,
    detectedType,
  }));

describe("splitting a multipart", () => {
  const contentType = `multipart/form-data; boundary=${BOUNDARY}`;

  it("gives back the parts that it was made of", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 6 }), async (parts) => {
        startRun();
        const extraction = await extract(inMemory, makeMultipart(parts), { contentType });
        expect(extraction.problems).toEqual([]);
        expect(extraction.entities.map(({ fileName }) => fileName)).toEqual(
          parts.map(({ fileName }) => fileName),
        );
        for (const [index, { content: bytes }] of parts.entries()) {
          const entity = extraction.entities[index] as Entity;
          expect((await bytesOf(entity.content)).equals(bytes)).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("does not depend on how the body is read: memory, file, any window", async () => {
    const limits = { maxParts: 10, maxPartHeaderBytes: 64 };
    // Made of whole and broken pieces of a multipart, so that every way out is met.
    const soup = fc
      .array(
        fc.oneof(
          nearMiss,
          fc.constantFrom(...SOUP).map((text) => Buffer.from(text)),
        ),
        {
          maxLength: 30,
        },
      )
      .map((pieces) => Buffer.concat(pieces));
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(soup, fc.array(part, { maxLength: 6 }).map(makeMultipart)),
        fc.integer({ min: 1, max: 2000 }),
        async (bytes, windowBytes) => {
          startRun();
          const run = { limits, signal: live };
          const [a, b] = [await keep(inMemory, bytes), await keep(inFiles, bytes)];
          const whole = await splitMultipart(a.content, BOUNDARY, run);
          const windowed = await splitMultipart(b.content, BOUNDARY, { ...run, windowBytes });
          expect(windowed).toEqual(whole);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it("shows every byte that is not a header or a boundary, or says that it could not", async () => {
    const soup = fc.array(fc.constantFrom(...SOUP, MARK), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(soup, async (pieces) => {
        startRun();
        const bytes = Buffer.from(pieces.join(""));
        const { entities, problems } = await extract(inMemory, bytes, { contentType });
        const seen = await Promise.all(entities.map((entity) => bytesOf(entity.content)));
        const count = (text: Buffer) => text.toString("latin1").split(MARK).length - 1;
        const inEntities = seen.reduce((sum, text) => sum + count(text), 0);
        if (problems.length === 0) expect(inEntities).toBe(count(bytes));
        else expect(seen[0]?.equals(bytes)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});

/** Holds a bare LF, so that it cannot be part of a header line. */
const MARK = "EI\nCAR";
const SOUP = [
  "--b\r\n",
  "\r\n--b\r\n",
  "\r\n--b--",
  "\r\n--b--\r\n",
  "\r\n--b \t\r\n",
  "\r\n--bb\r\n",
  "\r\n\r\n",
  "Content-Type: text/plain\r\n",
  'Content-Disposition: form-data; filename="x"\r\n\r\n',
  `X: ${"x".repeat(60)}\r\n`,
  "junk",
] as const;

const ENCODERS: Record<string, (data: Buffer) => Buffer> = {
  gzip: zlib.gzipSync,
  deflate: zlib.deflateSync,
  br: (data) =>
    zlib.brotliCompressSync(data, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 2 } }),
  zstd: zlib.zstdCompressSync,
};

describe("undoing content codings", () => {
  const codings = fc.array(fc.constantFrom(...Object.keys(ENCODERS)), {
    minLength: 1,
    maxLength: 3,
  });
  const compressible = fc
    .array(fc.tuple(anyBytes, fc.integer({ min: 1, max: 60 })), { maxLength: 6 })
    .map((runs) =>
      Buffer.concat(runs.flatMap(([bytes, times]) => Array<Buffer>(times).fill(bytes))),
    );

  it("gives back what was encoded, in memory and in files", async () => {
    await fc.assert(
      fc.asyncProperty(codings, compressible, fc.boolean(), async (list, bytes, useFiles) => {
        startRun();
        const encoded = list.reduce(
          (data, name) => (ENCODERS[name] as typeof zlib.gzipSync)(data),
          bytes,
        );
        const about = { contentEncoding: list.join(", ") };
        const extraction = await extract(useFiles ? inFiles : inMemory, encoded, about);
        expect(extraction.problems).toEqual([]);
        const [entity] = extraction.entities;
        expect((await bytesOf((entity as Entity).content)).equals(bytes)).toBe(true);
      }),
      { numRuns: 150 },
    );
  });

  it("finds every cut", async () => {
    await fc.assert(
      fc.asyncProperty(codings, anyBytes, fc.nat(), async (list, bytes, cut) => {
        startRun();
        const encoded = list.reduce(
          (data, name) => (ENCODERS[name] as typeof zlib.gzipSync)(data),
          bytes,
        );
        fc.pre(encoded.length > 1); // brotli needs one byte for nothing
        const kept = encoded.subarray(0, 1 + (cut % (encoded.length - 1)));
        const about = { contentEncoding: list.join(", ") };
        const { problems } = await extract(inMemory, kept, about);
        expect(problems).toMatchObject([{ reason: "malformed-encoding" }]);
      }),
      { numRuns: 300 },
    );
  });

  it("has a named result for any bytes", async () => {
    await fc.assert(
      fc.asyncProperty(codings, anyBytes, async (list, bytes) => {
        startRun();
        const body = { contentEncoding: list.join(","), contentType: "text/plain" };
        const extraction = await extract(inMemory, bytes, body);
        expect(extraction.entities).toHaveLength(1);
        const [problem] = extraction.problems;
        if (problem !== undefined) expect(problem.reason).toBe("malformed-encoding");
      }),
      { numRuns: 300 },
    );
  });

  it("is the same in memory and in files", async () => {
    await fc.assert(
      fc.asyncProperty(codings, compressible, fc.nat(), async (list, bytes, at) => {
        startRun();
        const encoded = list.reduce(
          (data, name) => (ENCODERS[name] as typeof zlib.gzipSync)(data),
          bytes,
        );
        const broken = Buffer.from(encoded);
        broken[at % broken.length] = (broken[at % broken.length] ?? 0) ^ (1 + (at % 255));
        const about = { contentEncoding: list.join(",") };
        const [a, b] = [
          await extract(inMemory, broken, about),
          await extract(inFiles, broken, about),
        ];
        expect(summaryOf(b.entities)).toEqual(summaryOf(a.entities));
        expect(b.problems.map(({ reason }) => reason)).toEqual(
          a.problems.map(({ reason }) => reason),
        );
      }),
      { numRuns: 150 },
    );
  });
});

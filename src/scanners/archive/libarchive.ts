import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { VerdictReason } from "../../scanning/index.ts";
import type { ByteSource } from "../content/byte-source.ts";
import { ContainerLimit, UnpackFailure } from "./limits.ts";
import type { Container, Member, MemberSink } from "./unpacker.ts";

/** The library reads an archive from its own memory, so one above this is not looked into. */
const MAX_ARCHIVE_BYTES = 96 * 1024 * 1024;
/** Beside the archive: dictionaries of the decoders and one piece of a member. */
const MAX_HEAP_BYTES = MAX_ARCHIVE_BYTES + 160 * 1024 * 1024;
const PIECE_BYTES = 256 * 1024;

const FILE_TYPE_MASK = 0o170000;
const REGULAR_FILE = 0o100000;

/** The runtime has it; the type libraries in use do not. */
declare const WebAssembly: {
  compile(code: Uint8Array): Promise<WasmCode>;
  instantiate(code: WasmCode, imports: WasmImports): Promise<WasmInstance>;
};
type WasmCode = Readonly<Record<"__code", never>>;
type WasmInstance = Readonly<Record<"__instance", never>>;

interface WasmImports {
  readonly a: Record<string, (...args: number[]) => number>;
}

interface LibarchiveModule {
  readonly HEAPU8: Uint8Array;
  _malloc(bytes: number): number;
  _free(pointer: number): void;
  cwrap(
    name: string,
    result: string | null,
    args: readonly string[],
  ): (...args: unknown[]) => never;
}

type ModuleFactory = (options: {
  instantiateWasm(imports: WasmImports, receive: (instance: WasmInstance) => void): object;
  print(text: string): void;
  printErr(text: string): void;
}) => Promise<LibarchiveModule>;

/** The functions of the library that are used, typed. */
interface Calls {
  readonly open: (data: number, length: number, passphrase: null, locale: string) => number;
  readonly nextEntry: (archive: number) => number;
  readonly read: (archive: number, bytes: number) => number;
  readonly size: (entry: number) => number;
  readonly path: (entry: number) => string;
  readonly fileType: (entry: number) => number;
  readonly isEncrypted: (entry: number) => number;
  readonly error: (archive: number) => string;
}

/** Above this an instance's memory is worth giving back at once. */
const LARGE_HEAP_BYTES = 48 * 1024 * 1024;

let isBloated = false;

/**
 * Whether this thread has worked on an archive so large that its memory, which only the garbage
 * collector frees and it sees no reason to, should go with the thread.
 */
export function isThreadBloated(): boolean {
  return isBloated;
}

/**
 * 7-Zip, RAR, cabinet, cpio, ISO 9660, xar … and zip members that are not deflated, by libarchive
 * compiled to WebAssembly. The package's own interface would start a thread for each archive and
 * unpack whole members; this uses the same module one piece at a time, in a fresh instance for each
 * archive, whose memory goes with it.
 */
export async function unpackWithLibarchive(
  { source }: Container,
  sink: MemberSink,
  isWanted: (name: string) => boolean = () => true,
): Promise<void> {
  if (source.size > MAX_ARCHIVE_BYTES) {
    throw new UnpackFailure(
      VerdictReason.ArchiveLimit,
      `archive of this format is larger than ${MAX_ARCHIVE_BYTES} bytes`,
    );
  }
  const module = await instantiate();
  try {
    await unpackAll(new Archive(module, source), sink, isWanted);
  } finally {
    isBloated ||= module.HEAPU8.length > LARGE_HEAP_BYTES;
  }
}

async function unpackAll(
  archive: Archive,
  sink: MemberSink,
  isWanted: (name: string) => boolean,
): Promise<void> {
  for (let entry = archive.next(); entry !== undefined; entry = archive.next()) {
    if (!isWanted(entry.name)) continue;
    if (entry.isEncrypted) {
      sink.budget.whole.countEntry();
      sink.cannotLookInto(VerdictReason.Encrypted, "member is encrypted", entry.name);
      continue;
    }
    const { maxEntryBytes } = sink.budget.whole.limits;
    await sink.member(entry);
    // To come to the next member of a solid archive the library unpacks the rest of this one, in a
    // single call that nothing can end.
    if (entry.declaredBytes > maxEntryBytes) {
      throw new ContainerLimit("members after one that is too large are not looked into");
    }
  }
}

class Archive {
  readonly #module: LibarchiveModule;
  readonly #calls: Calls;
  readonly #archive: number;
  #entries = 0;

  constructor(module: LibarchiveModule, source: ByteSource) {
    this.#module = module;
    this.#calls = callsOf(module);
    const data = module._malloc(source.size);
    if (data === 0) throw new UnpackFailure(VerdictReason.ArchiveLimit, "archive does not fit");
    source.readInto(Buffer.from(module.HEAPU8.buffer, data, source.size), 0);
    this.#archive = this.#calls.open(data, source.size, null, "C");
  }

  next(): (Member & { readonly isEncrypted: boolean; readonly declaredBytes: number }) | undefined {
    for (;;) {
      const entry = this.#calls.nextEntry(this.#archive);
      if (entry === 0) return this.#end();
      this.#entries += 1;
      if ((this.#calls.fileType(entry) & FILE_TYPE_MASK) !== REGULAR_FILE) continue;
      const declaredBytes = this.#calls.size(entry);
      return {
        name: this.#calls.path(entry) ?? "",
        declaredBytes,
        isEncrypted: this.#calls.isEncrypted(entry) > 0,
        content: this.#content(declaredBytes),
      };
    }
  }

  *#content(declaredBytes: number): Generator<Buffer> {
    for (let left = declaredBytes; left > 0; left -= PIECE_BYTES) {
      const length = Math.min(left, PIECE_BYTES);
      const pointer = this.#calls.read(this.#archive, length);
      if (pointer <= 0) this.#fail();
      const piece = Buffer.from(this.#module.HEAPU8.subarray(pointer, pointer + length));
      this.#module._free(pointer);
      yield piece;
    }
  }

  /**
   * The wrapper gives no entry both at the end and after an error; only the error has a text. An
   * archive with nothing in it, not even a directory, was not understood.
   */
  #end(): undefined {
    if (this.#entries === 0 || this.#calls.error(this.#archive)) this.#fail();
    return undefined;
  }

  #fail(): never {
    const message = this.#calls.error(this.#archive) || "archive cannot be read";
    throw new UnpackFailure(reasonOf(message), message);
  }
}

function reasonOf(message: string): VerdictReason {
  if (/passphrase|encrypt/i.test(message)) return VerdictReason.Encrypted;
  if (/unsupported|not supported|support (?:unavailable|for)/i.test(message)) {
    return VerdictReason.Type;
  }
  return VerdictReason.Malformed;
}

function callsOf(module: LibarchiveModule): Calls {
  const number = "number";
  return {
    open: module.cwrap("archive_open", number, [number, number, "string", "string"]),
    nextEntry: module.cwrap("get_next_entry", number, [number]),
    read: module.cwrap("get_filedata", number, [number, number]),
    size: module.cwrap("archive_entry_size", number, [number]),
    path: module.cwrap("archive_entry_pathname", "string", [number]),
    fileType: module.cwrap("archive_entry_filetype", number, [number]),
    isEncrypted: module.cwrap("archive_entry_is_encrypted", number, [number]),
    error: module.cwrap("archive_error_string", "string", [number]),
  };
}

let compiled: Promise<{ factory: ModuleFactory; code: WasmCode }> | undefined;

async function instantiate(): Promise<LibarchiveModule> {
  compiled ??= compile();
  const { factory, code } = await compiled;
  const failed = Promise.withResolvers<never>();
  const module = factory({
    instantiateWasm: (imports, receive) => {
      limitHeap(imports);
      WebAssembly.instantiate(code, imports).then(receive, failed.reject);
      return {};
    },
    print: () => {},
    printErr: () => {},
  });
  return Promise.race([module, failed.promise]);
}

/** `p` is the import through which this build of the library asks for more memory. */
function limitHeap(imports: WasmImports): void {
  const grow = imports.a["p"];
  if (grow === undefined) throw new Error("libarchive.js has no memory import `p`");
  imports.a["p"] = (bytes) => (bytes >>> 0 > MAX_HEAP_BYTES ? 0 : grow(bytes));
}

/** The package's entry points all start threads; the module that those run is beside its source. */
async function compile(): Promise<{ factory: ModuleFactory; code: WasmCode }> {
  const entry = createRequire(import.meta.url).resolve("libarchive.js/package.json");
  const directory = join(dirname(entry), "src", "webworker", "wasm-gen");
  const { default: factory } = await import(pathToFileURL(join(directory, "libarchive.js")).href);
  const bytes = await readFile(join(directory, "libarchive.wasm"));
  return { factory, code: await WebAssembly.compile(new Uint8Array(bytes)) };
}

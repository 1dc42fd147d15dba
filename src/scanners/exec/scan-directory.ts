import { createHash, randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { chmod, lstat, mkdtemp, open, readdir, rm } from "node:fs/promises";
import { extname, join } from "node:path";

/** Nobody else's to read; the program runs as the same user. */
const OWN_FILE = 0o600;
const OWN_DIRECTORY = 0o700;

/** The directory of one scan: the program's working directory, gone with all in it afterwards. */
export class ScanDirectory {
  readonly path: string;
  /** Where a program may put new content. */
  readonly outputPath: string;

  private constructor(path: string) {
    this.path = path;
    this.outputPath = join(path, `${randomUUID()}.out`);
  }

  static async create(parent: string): Promise<ScanDirectory> {
    return new ScanDirectory(await mkdtemp(join(parent, "scan-")));
  }

  /**
   * Writes what arrives to a file with a name of our own: of the name that somebody gave it only
   * the extension is kept, and that only when it is listed.
   */
  async keep(
    content: AsyncIterable<Buffer>,
    fileName: string | undefined,
    extensions: readonly string[],
  ): Promise<{ readonly path: string; readonly sha256: string; readonly size: number }> {
    const extension = extname(fileName ?? "").toLowerCase();
    const kept = extensions.includes(extension.slice(1)) ? extension : "";
    const path = join(this.path, `${randomUUID()}${kept}`);
    const { sha256, size } = await this.write(path, content);
    return { path, sha256, size };
  }

  /** Writes a new file. */
  async write(
    path: string,
    content: AsyncIterable<Buffer>,
  ): Promise<{ readonly sha256: string; readonly size: number }> {
    const hash = createHash("sha256");
    let size = 0;
    const file = await open(path, "wx", OWN_FILE);
    try {
      for await (const chunk of content) {
        hash.update(chunk);
        size += chunk.length;
        await file.appendFile(chunk);
      }
    } finally {
      await file.close();
    }
    return { sha256: hash.digest("hex"), size };
  }

  /** Length of the new content; undefined when it is no plain file, such as a link elsewhere. */
  async outputSize(): Promise<number | undefined> {
    const stat = await lstat(this.outputPath).catch(() => undefined);
    return stat?.isFile() ? stat.size : undefined;
  }

  /** The new content; opened when it is first read. */
  output(): AsyncIterable<Buffer> {
    // A program that is still there could put a link in its place.
    return this.#content();
  }

  async *#content(): AsyncGenerator<Buffer> {
    const file = await open(this.outputPath, constants.O_RDONLY | constants.O_NOFOLLOW);
    yield* file.createReadStream() as AsyncIterable<Buffer>;
  }

  async outputSha256(): Promise<string> {
    const hash = createHash("sha256");
    for await (const chunk of this.output()) hash.update(chunk);
    return hash.digest("hex");
  }

  /** Rejects when something in it cannot be removed. */
  async remove(): Promise<void> {
    try {
      await removeTree(this.path);
    } catch {
      // What unpacks an archive gives directories the modes that are written there, be it 0000.
      await openUp(this.path);
      await removeTree(this.path);
    }
  }
}

async function removeTree(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 3 });
}

async function openUp(directory: string): Promise<void> {
  await chmod(directory, OWN_DIRECTORY);
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) await openUp(join(directory, entry.name));
  }
}

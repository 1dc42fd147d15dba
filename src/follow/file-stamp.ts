import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

const MAX_DEPTH = 5;

/**
 * Changes when a file does, or one in a directory: by inode, size and time of change, which also
 * shows the symbolic links by which Kubernetes swaps a mounted volume. Rejects when it is not there.
 */
export async function fileStamp(path: string, depth = 0): Promise<string> {
  const status = await stat(path, { bigint: true });
  if (!status.isDirectory()) {
    const { dev, ino, size, mtimeNs, ctimeNs } = status;
    return `${dev}-${ino}-${size}-${mtimeNs}-${ctimeNs}`;
  }
  if (depth === MAX_DEPTH) return "";
  const names = (await readdir(path)).filter((name) => !name.startsWith("."));
  const stamps: string[] = [];
  for (const name of names.sort())
    stamps.push(`${name}:${await fileStamp(join(path, name), depth + 1)}`);
  return stamps.join("/");
}

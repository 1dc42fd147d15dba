import { hash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { Sight } from "./follower.ts";

/** Small files that belong together, by what is in them. Rejects when one cannot be read. */
export async function fileContents(paths: readonly string[]): Promise<Sight<readonly Buffer[]>> {
  const files = await Promise.all(paths.map((path) => readFile(path)));
  return { stamp: contentsStamp(files), content: () => files };
}

/** The stamp of files with these contents. */
export function contentsStamp(files: readonly Buffer[]): string {
  return files.map((bytes) => hash("sha256", bytes)).join(" ");
}

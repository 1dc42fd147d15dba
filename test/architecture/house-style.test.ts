/** What CONTRIBUTING.md says of files and a machine can hold, beside what Biome does. */
import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..", "..");
const MAX_LINES = 400;

describe("a file", () => {
  let files: string[];

  beforeAll(async () => {
    const trees = ["src", "test", "bench", "scripts"].map(async (tree) => {
      const paths = await readdir(join(root, tree), { recursive: true });
      return paths.filter((path) => path.endsWith(".ts")).map((path) => join(tree, path));
    });
    files = (await Promise.all(trees)).flat();
    expect(files.length).toBeGreaterThan(500);
  });

  it(`has ${MAX_LINES} lines at most`, async () => {
    const sizes = files.map(async (file) => {
      const lines = (await readFile(join(root, file), "utf8")).split("\n").length - 1;
      return `${file}: ${lines}`;
    });
    const long = (await Promise.all(sizes)).filter(
      (line) => Number(line.split(": ")[1]) > MAX_LINES,
    );
    expect(long).toEqual([]);
  });

  it("is named by a noun in lower case, and not by what may be anything", () => {
    const odd = files.filter((file) => {
      const name = basename(file);
      return (
        !/^[a-z0-9-]+(\.[a-z]+)*\.ts$/.test(name) ||
        /^(utils?|helpers?|common|types|misc)\./.test(name)
      );
    });
    expect(odd).toEqual([]);
  });
});

import { existsSync, lstatSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createEmbeddedScanner, type EmbeddedScanner } from "../../../src/scanners/index.ts";
import { scanContext } from "../../support/samples/entities.ts";

const MAX_BYTES = 2 * 1024 * 1024;

/** Every file below a directory, one of `every` of them; nothing when there is no such directory. */
function filesBelow(directory: string, every = 1): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .filter((path, index) => index % every === 0 && lstatSync(path).size <= MAX_BYTES);
}

describe("the rules that come with Sluice find nothing in ordinary files", () => {
  let scanner: EmbeddedScanner;
  beforeAll(async () => {
    scanner = await createEmbeddedScanner({ threads: 1 });
  }, 60_000);
  afterAll(() => scanner.close(), 60_000);

  const threatsIn = async (path: string): Promise<string[]> => {
    const length = statSync(path).size;
    const { threats } = await scanner.scan(
      {
        content: { kind: "file", path, offset: 0, length },
        size: length,
        sha256: "",
        fileName: path,
        declaredType: undefined,
        detectedType: undefined,
      },
      scanContext(),
    );
    return threats.map(({ name, path: where }) => `${path} ${where ?? ""} ${name}`);
  };

  it.each([
    ["the rules themselves", () => filesBelow("rules")],
    ["the samples for the tests", () => filesBelow("test/support/samples")],
    ["the sources of Sluice", () => filesBelow("src")],
    [
      "packages of npm: scripts, pages, pictures, WebAssembly",
      () => filesBelow("node_modules", 23),
    ],
    ["documentation: text, HTML, PDF, gzip", () => filesBelow("/usr/share/doc", 7)],
    ["programs", () => filesBelow("/usr/bin", 5)],
    ["icons and pictures", () => filesBelow("/usr/share/icons", 11)],
    ["libraries of Python and Perl", () => filesBelow("/usr/share/perl", 7)],
  ])(
    "in %s",
    async (_what, list) => {
      const paths = list();
      const threats: string[] = [];
      for (const path of paths) threats.push(...(await threatsIn(path)));
      expect({ files: paths.length, threats }).toEqual({ files: paths.length, threats: [] });
    },
    60_000,
  );
});

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ERRORS } from "../../src/protocol/index.ts";

const root = join(import.meta.dirname, "..", "..");

interface Row {
  readonly status: number;
  readonly closes: boolean;
}

const registry = Object.fromEntries(
  Object.entries(ERRORS).map(([code, { status, closes }]) => [code, { status, closes }]),
);

async function documented(): Promise<readonly (readonly [string, Row])[]> {
  const page = await readFile(join(root, "docs", "errors.md"), "utf8");
  const rows = page.matchAll(/^\| `(\w+)` \| (\d{3}) \| (closes|stays) \| (.+) \|$/gm);
  return [...rows].map(([, code = "", status, connection]) => [
    code,
    { status: Number(status), closes: connection === "closes" },
  ]);
}

/** The texts of all files of a folder in one. */
async function textOf(folder: string): Promise<string> {
  const names = await readdir(join(root, folder), { recursive: true });
  const files = names.filter((name) => /\.(ts|md)$/.test(name));
  return (
    await Promise.all(files.map((name) => readFile(join(root, folder, name), "utf8")))
  ).join();
}

describe("docs/errors.md", () => {
  it("has each error of the registry with its status and what becomes of the connection", async () => {
    expect(Object.fromEntries(await documented())).toEqual(registry);
  });

  it("has each error once", async () => {
    const codes = (await documented()).map(([code]) => code);
    expect(codes).toHaveLength(new Set(codes).size);
  });
});

describe("the errors of the registry", () => {
  const missingFrom = (text: string) =>
    Object.keys(ERRORS).filter((code) => !new RegExp(`\\b${code}\\b`).test(text));

  it("are all caused somewhere in src", async () => {
    const source = await textOf("src");
    expect(missingFrom(source.replace(/export const ERRORS = [\s\S]*?as const/, ""))).toEqual([]);
  });

  it("are all named by a test that causes them", async () => {
    expect(missingFrom(await textOf("test"))).toEqual([]);
  });
});

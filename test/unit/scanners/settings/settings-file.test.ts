import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { z } from "zod";
import { durationMs } from "../../../../src/scanners/settings/duration.ts";
import { readSecret } from "../../../../src/scanners/settings/secret.ts";
import { readSettingsFile } from "../../../../src/scanners/settings/settings-file.ts";
import { TempDirectory } from "../../../support/temp-directory.ts";

const schema = z.strictObject({
  wait: durationMs.default(5),
  lists: z.array(z.strictObject({ path: z.string() })),
});

let directory: TempDirectory;
beforeAll(() => {
  directory = new TempDirectory();
});
afterAll(() => directory.remove());

function write(text: string): string {
  const path = directory.join("settings.yaml");
  writeFileSync(path, text);
  return path;
}

it.each([
  ["500ms", 500],
  ["5s", 5000],
  ["2m", 120_000],
  ["1h", 3_600_000],
])("reads %s", async (text, wait) => {
  expect(await readSettingsFile(write(`wait: ${text}\nlists: []\n`), schema)).toMatchObject({
    wait,
  });
});

it("tells every problem by its line", async () => {
  const path = write("wait: 5\nlists:\n  - { path: a }\n  - { pth: b }\n");
  const read = readSettingsFile(path, schema);
  await expect(read).rejects.toMatchObject({
    problems: [
      `${path}:1: wait: is no duration such as 500ms, 5s or 2m`,
      `${path}:4: lists[1].path: required`,
      `${path}:4: lists[1].pth: unknown field`,
    ],
  });
});

it("gives each unknown field its own line", async () => {
  const path = write("lists: []\nwiat: 5s\nother: 1\n");
  await expect(readSettingsFile(path, schema)).rejects.toMatchObject({
    problems: [`${path}:2: wiat: unknown field`, `${path}:3: other: unknown field`],
  });
});

it("names the words there are to choose from", async () => {
  const kinds = [z.object({ kind: z.literal("a") }), z.object({ kind: z.literal("b") })] as const;
  const choices = z.strictObject({
    word: z.enum(["on", "off"]),
    item: z.discriminatedUnion("kind", kinds),
  });
  const path = write("word: maybe\nitem: { kind: c }\n");
  await expect(readSettingsFile(path, choices)).rejects.toMatchObject({
    problems: [
      `${path}:1: word: must be one of "on", "off"`,
      `${path}:2: item.kind: must be one of "a", "b"`,
    ],
  });
});

it.each([
  ["what is no YAML", "wait: [", /settings\.yaml:1: no YAML/],
  ["a tab", "lists:\n\t- a\n", /settings\.yaml:2: no YAML: tab as indent/],
  ["nothing", "", /settings\.yaml: lists: required/],
  [
    "aliases that multiply",
    `a: &a [${"x,".repeat(50)}]\nb: &b [${"*a,".repeat(50)}]\nc: [${"*b,".repeat(50)}]\n`,
    /no YAML: too many aliases/,
  ],
])("refuses %s", async (_what, text, problem) => {
  await expect(readSettingsFile(write(text), schema)).rejects.toThrow(problem);
});

it("refuses a file that is not there", async () => {
  const path = directory.join("missing.yaml");
  await expect(readSettingsFile(path, schema)).rejects.toThrow(
    `${path}: cannot be read: no such file or directory`,
  );
});

it("reads a secret out of a file without the end of its line, and out of a variable", async () => {
  const file = directory.join("secret");
  writeFileSync(file, "s3cret\r\n");
  expect(await readSecret({ file }, {})).toBe("s3cret");
  expect(await readSecret({ env: "SECRET" }, { SECRET: "other" })).toBe("other");
});

it("says which secret is not there", async () => {
  await expect(readSecret({ env: "SECRET" }, {})).rejects.toThrow("no variable SECRET");
  const file = directory.join("nobody");
  await expect(readSecret({ file }, {})).rejects.toThrow(
    `${file}: cannot be read: no such file or directory`,
  );
});

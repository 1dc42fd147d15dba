import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type Copy,
  DockerfileParser,
  type Instruction,
  type JSONInstruction,
} from "dockerfile-ast";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..", "..");
const dockerfile = DockerfileParser.parse(await readFile(join(root, "Dockerfile"), "utf8"));
const context = (await readFile(join(root, ".dockerignore"), "utf8")).split("\n");

const instructions = dockerfile.getInstructions();
const keyword = (instruction: Instruction) => instruction.getKeyword();
const words = (instruction: Instruction) =>
  instruction.getArguments().map((word) => word.getValue());
const starts = instructions.flatMap((it, at) => (keyword(it) === "FROM" ? [at] : []));
const final = instructions.slice(starts.at(-1));
const all = (name: string, where = instructions) => where.filter((it) => keyword(it) === name);
const only = (name: string) => {
  const found = all(name, final);
  expect(found).toHaveLength(1);
  return found[0] as Instruction;
};

describe("the image", () => {
  it("takes its base as a build argument, the same for every stage", () => {
    expect(keyword(instructions[0] as Instruction)).toBe("ARG");
    expect(words(instructions[0] as Instruction)[0]).toMatch(/^BASE=node:24-/);
    expect(all("FROM").map((from) => words(from)[0])).toEqual(["$BASE", "$BASE", "$BASE"]);
  });

  it("is made in stages, so that neither compiler nor sources are in it", () => {
    const copied = all("COPY", final).map((copy) => [
      (copy as Copy).getFromFlag()?.getValue(),
      ...words(copy),
    ]);
    expect(copied).toEqual([
      ["dependencies", "/app/node_modules", "node_modules"],
      ["build", "/build/dist", "dist"],
      [undefined, "package.json", "LICENSE", "CHANGELOG.md", "./"],
    ]);
  });

  it("installs from the lock file and runs no script of a dependency", () => {
    const installs = all("RUN")
      .map(words)
      .filter((run) => run[0] === "npm");
    expect(installs).toEqual([
      ["npm", "ci", "--ignore-scripts"],
      ["npm", "ci", "--omit=dev", "--ignore-scripts"],
    ]);
  });

  it("runs as 65532, no user of the host", () => {
    expect(words(only("USER"))).toEqual(["65532:65532"]);
  });

  it("needs no shell: its last stage runs nothing and its commands are in exec form", () => {
    expect(all("RUN", final)).toEqual([]);
    const strings = (name: string) =>
      (only(name) as JSONInstruction).getJSONStrings().map((word) => word.getJSONValue());
    expect(strings("ENTRYPOINT")).toEqual(["node", "dist/src/main.js"]);
    expect(strings("CMD")).toEqual(["serve"]);
    expect(only("HEALTHCHECK").getRawArgumentsContent()).toContain(
      'CMD ["node", "dist/src/main.js", "probe"]',
    );
  });

  it("needs only /tmp to be writable", () => {
    const volumes = (only("VOLUME") as JSONInstruction).getJSONStrings();
    expect(volumes.map((volume) => volume.getJSONValue())).toEqual(["/tmp"]);
  });

  it("exposes the ports that the settings have by default", async () => {
    const catalogue = await readFile(join(root, "docs", "configuration.md"), "utf8");
    const defaults = ["listen.icap", "listen.icaps", "admin.address"].map(
      (name) =>
        new RegExp(`^\\| \`${name.replace(".", "\\.")}\`.*?:(\\d+)\``, "m").exec(catalogue)?.[1],
    );
    expect(words(only("EXPOSE"))).toEqual(defaults);
  });

  it("gets from the build context only what is listed", () => {
    const [first, ...rest] = context.filter((line) => line !== "" && !line.startsWith("#"));
    expect(first).toBe("*");
    expect(rest.filter((line) => !line.startsWith("!"))).toEqual([]);
    const sent = new Set(rest.map((line) => line.slice(1)));
    const copied = all("COPY")
      .map(words)
      .filter((copy) => copy[0] !== ".");
    const sources = copied
      .filter((copy) => copy.length > 2 || copy[1] === "./")
      .flatMap((copy) => copy.slice(0, -1))
      .filter((source) => !source.startsWith("/"));
    expect([...sent]).toEqual(expect.arrayContaining(sources));
  });
});

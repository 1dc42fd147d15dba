import { access, readdir, readFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import GithubSlugger from "github-slugger";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..", "..");
const notOurs = /^(node_modules|dist|coverage|artifacts|\..+)$/;

const markdownFiles = await filesBelow(".");

async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(join(root, folder), { withFileTypes: true });
  const ours = entries.filter((entry) => !notOurs.test(entry.name));
  const nested = ours.map(async (entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesBelow(path);
    return path.endsWith(".md") ? [path] : [];
  });
  return (await Promise.all(nested)).flat().sort();
}

/** The prose of a page: code blocks and code spans shown as data are not links or headings. */
async function proseOf(path: string): Promise<string> {
  const page = await readFile(join(root, path), "utf8");
  return page.replace(/^(```|~~~)[\s\S]*?^\1.*$/gm, "").replace(/<!--[\s\S]*?-->/g, "");
}

async function anchorsOf(path: string): Promise<ReadonlySet<string>> {
  const slugger = new GithubSlugger();
  const headings = [...(await proseOf(path)).matchAll(/^#{1,6} +(.+?) *#*$/gm)];
  const texts = headings.map(([, text = ""]) => text.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1"));
  return new Set(texts.map((text) => slugger.slug(text.replace(/[`*]/g, ""))));
}

async function problemOf(from: string, target: string): Promise<string | undefined> {
  const [path = "", anchor] = target.split("#");
  const file = path === "" ? from : relative(root, resolve(root, dirname(from), path));
  const exists = await access(join(root, file)).then(
    () => true,
    () => false,
  );
  if (!exists) return `${target}: no such file`;
  if (anchor === undefined || !file.endsWith(".md")) return undefined;
  return (await anchorsOf(file)).has(anchor) ? undefined : `${target}: no such heading`;
}

describe("the documents", () => {
  it("are found", () => {
    const expected = ["docs/architecture.md", "docs/lifecycle.md", "SECURITY.md"];
    expect(markdownFiles).toEqual(expect.arrayContaining(expected));
  });

  it.each(markdownFiles)("%s links to files and headings that exist", async (from) => {
    const prose = (await proseOf(from)).replace(/`[^`\n]*`/g, "");
    const links = [...prose.matchAll(/\]\(([^()\s]+(?:\([^()\s]*\))?)(?: "[^"]*")?\)/g)];
    const targets = links.map(([, target = ""]) => target);
    const relativeTargets = targets.filter((target) => !/^[a-z][a-z+.-]*:/i.test(target));
    const problems = await Promise.all(relativeTargets.map((target) => problemOf(from, target)));
    expect(problems.filter((problem) => problem !== undefined)).toEqual([]);
  });
});

describe("the decision records", () => {
  const folder = join(root, "docs", "adr");

  it("are all listed in their README, under the title they have", async () => {
    const files = (await readdir(folder)).filter((name) => /^\d{4}-.*\.md$/.test(name)).sort();
    const listed = (await readFile(join(folder, "README.md"), "utf8")).matchAll(
      /^\| \[(\d{4})\]\(([^)]+)\) \| (.+?) \| \w+.* \|$/gm,
    );
    const titled = files.map(async (name) => {
      const [, number, title] =
        /^# (\d{4}): (.+)$/m.exec(await readFile(join(folder, name), "utf8")) ?? [];
      return `${number} ${name} ${title}`;
    });
    const rows = [...listed].map(([, number, name, title]) => `${number} ${name} ${title}`);
    expect(rows.sort()).toEqual(await Promise.all(titled));
  });

  it("have numbers of their own", async () => {
    const files = (await readdir(folder)).filter((name) => /^\d{4}-/.test(name));
    const numbers = files.map((name) => name.slice(0, 4));
    expect(new Set(numbers).size).toBe(numbers.length);
  });
});

describe("a folder of src", async () => {
  const entries = await readdir(join(root, "src"), { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);

  it.each(folders)("%s says in its index.ts what it is", async (folder) => {
    const face = await readFile(join(root, "src", folder, "index.ts"), "utf8");
    expect(face).toMatch(/^\/\*\*(?:(?!\*\/)[\s\S])*@module/);
  });
});

describe("the bounds in SECURITY.md", async () => {
  const settings = new Map(
    [
      ...(await readFile(join(root, "docs", "configuration.md"), "utf8")).matchAll(
        /^\| `([\w.]+)`<br>.*? \| .*? \| `([^`]+)` \| /gm,
      ),
    ].map(([, name, value]) => [name, value]),
  );
  const bounds = [
    ...(await readFile(join(root, "SECURITY.md"), "utf8")).matchAll(
      /^\| [^|]+ \| `([\w.]+)` \| `([^`]+)` \| /gm,
    ),
  ];

  it("are the defaults of the settings that they name", () => {
    const stated = bounds.map(([, name, value]) => [name, value]);
    expect(stated.length).toBeGreaterThan(20);
    expect(stated).toEqual(stated.map(([name]) => [name, settings.get(name)]));
  });

  it("are all bounds of the wire", () => {
    const wire = [...settings.keys()].filter((name) => name?.startsWith("wire."));
    expect(bounds.map(([, name]) => name)).toEqual(expect.arrayContaining(wire));
  });
});

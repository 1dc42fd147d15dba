import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ResourceFiles, readResourceFiles } from "../../../src/runtime/resource-files.ts";
import { silentLogger } from "../../../src/telemetry/index.ts";
import { TempDirectory } from "../../support/temp-directory.ts";

/** How a change may come to be noticed: each way alone. */
const ways = [
  { way: "by file events", events: true, pollMs: 3_600_000 },
  { way: "by polling, as over NFS", events: false, pollMs: 20 },
] as const;

const QUIET_MS = 50;

/** What was told, as texts of the files; an outage is its error. */
class Listener {
  readonly told: (readonly string[] | Error)[] = [];
  #wake: () => void = () => {};

  hear(news: readonly string[] | Error): void {
    this.told.push(news);
    this.#wake();
  }

  /** Resolves with the news of that number, past or future. */
  async news(count: number): Promise<readonly string[] | Error> {
    while (this.told.length < count) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.told[count - 1] as readonly string[] | Error;
  }
}

describe.each(ways)("resource files, followed $way,", ({ events, pollMs }) => {
  let directory: TempDirectory;
  const followed: ResourceFiles[] = [];

  beforeEach(() => {
    directory = new TempDirectory();
  });
  afterEach(() => {
    for (const files of followed.splice(0)) files.close();
    directory.remove();
  });

  const write = (name: string, text: string) => writeFileSync(directory.join(name), text);

  async function follow(...paths: readonly string[]) {
    const listener = new Listener();
    const initial = await readResourceFiles(paths);
    const files = new ResourceFiles(
      {
        paths,
        pollMs,
        quietMs: QUIET_MS,
        events,
        logger: silentLogger,
        onChange: (news) => Promise.resolve(listener.hear(news.map(({ text }) => text))),
        onUnreadable: (err) => listener.hear(err as Error),
      },
      initial,
    );
    followed.push(files);
    await files.look();
    return listener;
  }

  it("are seen when they are written in place", async () => {
    write("a.yaml", "1");
    const listener = await follow(directory.join("a.yaml"));
    write("a.yaml", "2");
    expect(await listener.news(1)).toEqual(["2"]);
  });

  it("are seen each time that an editor renames a new file over the old one", async () => {
    write("a.yaml", "1");
    const listener = await follow(directory.join("a.yaml"));
    for (const text of ["2", "3"]) {
      write("a.yaml~", text);
      renameSync(directory.join("a.yaml~"), directory.join("a.yaml"));
      await listener.news(Number(text) - 1);
    }
    expect(listener.told).toEqual([["2"], ["3"]]);
  });

  it("are seen when an editor moves the old one away first", async () => {
    write("a.yaml", "1");
    const listener = await follow(directory.join("a.yaml"));
    renameSync(directory.join("a.yaml"), directory.join("a.yaml~"));
    write("a.yaml", "2");
    expect(await listener.news(1)).toEqual(["2"]);
  });

  /** As the kubelet writes a volume: files are links through `..data`, which is swapped. */
  function project(version: string, text: string): void {
    mkdirSync(directory.join(version));
    write(`${version}/a.yaml`, text);
    symlinkSync(version, directory.join("..data_tmp"));
    renameSync(directory.join("..data_tmp"), directory.join("..data"));
  }

  it.each(["", "a.yaml"])("are seen when Kubernetes swaps a volume: path /%s", async (name) => {
    project("..2026_1", "1");
    symlinkSync("..data/a.yaml", directory.join("a.yaml"));
    const listener = await follow(directory.join(name));
    for (const text of ["2", "3"]) {
      project(`..2026_${text}`, text);
      await listener.news(Number(text) - 1);
    }
    expect(listener.told).toEqual([["2"], ["3"]]);
  });

  it("are seen when one is added to a directory", async () => {
    write("a.yaml", "1");
    const listener = await follow(directory.path);
    write("b.json", "2");
    expect(await listener.news(1)).toEqual(["1", "2"]);
  });

  it("are seen when one is removed from a directory", async () => {
    write("a.yaml", "1");
    write("b.yaml", "2");
    const listener = await follow(directory.path);
    rmSync(directory.join("a.yaml"));
    expect(await listener.news(1)).toEqual(["2"]);
  });

  it("are not those that editors leave beside them", async () => {
    write("a.yaml", "1");
    const listener = await follow(directory.path);
    for (const name of [".a.yaml.swp", ".#a.yaml", "a.yaml~", "notes.txt", ".b.yaml"])
      write(name, "x");
    write("a.yaml", "2");
    expect([await listener.news(1), listener.told.length]).toEqual([["2"], 1]);
  });

  it("are not told of again when they are written with the same contents", async () => {
    write("a.yaml", "1");
    const listener = await follow(directory.path);
    write("a.yaml", "1");
    write("b.yaml", "2");
    expect([await listener.news(1), listener.told.length]).toEqual([["1", "2"], 1]);
  });

  it("are told of once when they are gone, and not again when they are back unchanged", async () => {
    write("a.yaml", "1");
    const listener = await follow(directory.join("a.yaml"));
    renameSync(directory.join("a.yaml"), directory.join("away"));
    expect(await listener.news(1)).toMatchObject({ code: "ENOENT" });
    renameSync(directory.join("away"), directory.join("a.yaml"));
    write("a.yaml", "2");
    expect([await listener.news(2), listener.told.length]).toEqual([["2"], 2]);
  });

  it("are told of when they cannot be read", async () => {
    write("a.yaml", "1");
    const listener = await follow(directory.path);
    mkdirSync(directory.join("b.yaml"));
    expect(await listener.news(1)).toMatchObject({ code: "EISDIR" });
  });
});

describe("resource files whose volume was away for a while", () => {
  it("are told of when they are back, though nothing about them has changed", async () => {
    using directory = new TempDirectory();
    mkdirSync(directory.join("mounted"));
    writeFileSync(directory.join("mounted/a.yaml"), "1");
    const paths = [directory.join("mounted")];
    const listener = new Listener();
    const files = new ResourceFiles(
      {
        paths,
        pollMs: 20,
        quietMs: 1,
        events: false,
        logger: silentLogger,
        onChange: (news) => Promise.resolve(listener.hear(news.map(({ text }) => text))),
        onUnreadable: (err) => listener.hear(err as Error),
      },
      await readResourceFiles(paths),
    );
    writeFileSync(directory.join("mounted/a.yaml"), "2");
    expect(await listener.news(1)).toEqual(["2"]);
    renameSync(directory.join("mounted"), directory.join("away"));
    expect(await listener.news(2)).toMatchObject({ code: "ENOENT" });
    renameSync(directory.join("away"), directory.join("mounted"));
    expect(await listener.news(3)).toEqual(["2"]);
    files.close();
  });
});

describe("resource files that are being written", () => {
  /** With time in the hands of the test, and what was told so far. */
  async function follow(path: string) {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
    const listener = new Listener();
    const files = new ResourceFiles(
      {
        paths: [path],
        pollMs: 3_600_000,
        quietMs: 100,
        events: false,
        logger: silentLogger,
        onChange: (news) => Promise.resolve(listener.hear(news.map(({ text }) => text))),
        onUnreadable: (err) => listener.hear(err as Error),
      },
      await readResourceFiles([path]),
    );
    await files.look();
    return { files, listener };
  }

  afterEach(() => {
    vi.useRealTimers();
  });

  it("are told of only when they were left alone for the quiet time", async () => {
    using directory = new TempDirectory();
    const path = directory.join("a.yaml");
    writeFileSync(path, "1");
    const { files, listener } = await follow(path);
    for (const part of ["", "ab", "abc", "abcd"]) {
      writeFileSync(path, part);
      await files.look();
      vi.advanceTimersByTime(99);
    }
    vi.advanceTimersByTime(1);
    await listener.news(1);
    files.close();
    expect(listener.told).toEqual([["abcd"]]);
  });

  it("are not told of after the end", async () => {
    using directory = new TempDirectory();
    const path = directory.join("a.yaml");
    writeFileSync(path, "1");
    const { files, listener } = await follow(path);
    writeFileSync(path, "2");
    await files.look();
    files.close();
    vi.advanceTimersByTime(1000);
    await files.look();
    expect([listener.told, vi.getTimerCount()]).toEqual([[], 0]);
  });
});

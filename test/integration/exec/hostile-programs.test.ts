import { existsSync, mkdirSync } from "node:fs";
import { kill } from "node:process";
import { describe, expect, it } from "vitest";
import { ScanProblem } from "../../../src/scanners/serve/scan-problem.ts";
import { ExecUnderTest } from "./exec-under-test.ts";

const MiB = 1024 ** 2;

describe("a program that", () => {
  it.each<[string, string, Readonly<Record<string, unknown>>, string]>([
    ["writes without end to its output", "yes", {}, "the program wrote more than 65536 bytes"],
    [
      "writes a gigabyte of new content",
      "head -c 1000000000 /dev/zero",
      { output: { from: "stdout" }, limits: { content: "1Mi" } },
      "the program wrote more than 1048576 bytes",
    ],
    [
      "writes a gigabyte to its output file, and goes on",
      'head -c 20000000 /dev/zero > "$1"; sleep 60',
      { args: ["{output}"], output: { from: "file" }, limits: { content: "1Mi" } },
      "the program wrote more than 1048576 bytes",
    ],
    ["never ends", "sleep 60", { timeout: "200ms" }, "no result within 200 ms"],
    [
      "ignores signals",
      "trap '' TERM INT HUP; sleep 60",
      { timeout: "200ms" },
      "no result within 200 ms",
    ],
    [
      "forks and waits for what it started",
      "(sleep 60 & sleep 60) & (sleep 60 & wait) & wait",
      { timeout: "300ms" },
      "no result within 300 ms",
    ],
    ["kills itself", "kill -SEGV $$", {}, "the program was ended by SIGSEGV"],
    [
      "ends with a code that nobody named",
      "echo why >&2; exit 7",
      {},
      "the program ended with 7: why",
    ],
  ])("%s is an error, and leaves nothing", async (_, script, settings, message) => {
    await using subject = await new ExecUnderTest().start(script, settings);
    expect(await subject.scanned("content")).toMatchObject({ kind: "error", message });
    await expect.poll(() => subject.left, { timeout: 15_000 }).toEqual([]);
  });

  it("ends and leaves others behind has them ended too", async () => {
    await using subject = await new ExecUnderTest().start("sleep 60 & (sleep 61 &) ; exit 0");
    expect(await subject.scanned("content")).toMatchObject({ kind: "clean" });
    await expect.poll(() => subject.left, { timeout: 15_000 }).toEqual([]);
  });

  it("leaves its group and holds its output is an error, and not waited for", async () => {
    await using subject = await new ExecUnderTest().start(
      'setsid sh -c \'touch "$0"; exec sleep 60\' "$0.left" & until [ -e "$0.left" ]; do sleep 0.02; done; exit 0',
    );
    expect(await subject.scanned("content")).toMatchObject({
      kind: "error",
      message: "something that it left holds its output",
    });
    for (const process of subject.left) kill(Number.parseInt(process, 10), "SIGKILL");
  });

  it.each([
    ["ends before it reads", "exit 1"],
    ["ends when it has seen enough", "head -c 10 >/dev/null; exit 1"],
    ["closes its input", "exec 0<&-; sleep 0.1; exit 1"],
  ])("%s is heard all the same", async (_, script) => {
    await using subject = await new ExecUnderTest().start(script);
    expect(await subject.scanned(Buffer.alloc(4 * MiB))).toMatchObject({ kind: "blocked" });
    await expect.poll(() => subject.left, { timeout: 15_000 }).toEqual([]);
  });

  it("does not read holds up the upload, and is ended at its time", async () => {
    await using subject = await new ExecUnderTest().start("sleep 60", { timeout: "300ms" });
    let taken = 0;
    const body = async function* (): AsyncGenerator<Buffer> {
      for (; taken < 1000; taken += 1) yield Buffer.alloc(64 * 1024);
    };
    const { verdict } = await subject.scan(body());
    expect(verdict).toMatchObject({ kind: "error", reason: "timeout" });
    expect(taken).toBeLessThan(20);
    await expect.poll(() => subject.left, { timeout: 15_000 }).toEqual([]);
  });

  it("floods its error output is read to its end, and its beginning kept", async () => {
    await using subject = await new ExecUnderTest().start(
      "echo beginning >&2; head -c 2000000 /dev/zero >&2; exit 0",
      {
        verdict: 'stderr.startsWith("beginning") && size(stderr) == 16384 ? "clean" : "error"',
        exitCodes: {},
      },
    );
    expect(await subject.scanned("content")).toMatchObject({ kind: "clean" });
  });
});

describe("a scan that nobody waits for any more", () => {
  it("ends the program, and leaves nothing", async () => {
    await using subject = await new ExecUnderTest().start("echo started; sleep 60 & wait");
    const signal = AbortSignal.timeout(200);
    await expect(subject.scan("content", { signal })).rejects.toThrow("given up");
    await expect.poll(() => subject.left, { timeout: 15_000 }).toEqual([]);
  });

  it("does not start one when it waits for its turn", async () => {
    await using subject = await new ExecUnderTest().start("sleep 60", {
      concurrency: 1,
      timeout: "400ms",
    });
    const first = subject.scan("content");
    const second = subject.scan("content", { signal: AbortSignal.timeout(50) });
    await expect(second).rejects.toThrow();
    expect((await first).verdict.kind).toBe("error");
    await expect.poll(() => subject.left, { timeout: 15_000 }).toEqual([]);
  });
});

describe("an upload that breaks off", () => {
  it.each(["stdin", "file"])("ends a scan with input: %s, and leaves nothing", async (input) => {
    await using subject = await new ExecUnderTest().start("cat >/dev/null; sleep 60", { input });
    const body = async function* (): AsyncGenerator<Buffer> {
      yield Buffer.from("some");
      throw new ScanProblem(400, "the body ended before its time");
    };
    await expect(subject.scan(body())).rejects.toThrow("before its time");
    await expect.poll(() => subject.left, { timeout: 15_000 }).toEqual([]);
  });
});

describe("a file name that somebody chose", () => {
  const settings = { input: "file", args: ["--name={filename}", "{file}"], extensions: ["pdf"] };

  async function told(fileName: string): Promise<string> {
    await using subject = await new ExecUnderTest().start(
      'printf "%s|" "$#" "$1" "$(basename "$2")"; ls -l "$2" | cut -c1-10',
      { ...settings, exitCodes: {}, verdict: '"suspicious"', message: "stdout" },
    );
    const { message } = await subject.scanned("content", { fileName });
    await expect.poll(() => subject.left, { timeout: 15_000 }).toEqual([]);
    return message ?? "";
  }

  it.each([
    ["-rf", "--name=-rf"],
    ["../../etc/passwd", "--name=passwd"],
    ["..", "--name=__"],
    ["C:\\a\\b.exe", "--name=b.exe"],
    ["two\nlines\0and zero", "--name=two_lines_and zero"],
    ["$(touch x);`id`", "--name=$(touch x);`id`"],
    ["x".repeat(5000), `--name=${"x".repeat(200)}`],
  ])("is one argument that no program takes for an option: %j", async (fileName, argument) => {
    expect((await told(fileName)).split("|").slice(0, 2)).toEqual(["2", argument]);
  });

  it.each([
    ["a.pdf", /^[0-9a-f-]{36}\.pdf$/],
    ["a.PDF", /^[0-9a-f-]{36}\.pdf$/],
    ["a.sh", /^[0-9a-f-]{36}$/],
    ["../x.pdf/../y", /^[0-9a-f-]{36}$/],
  ])("gives the file %s no more than an extension that is listed", async (fileName, name) => {
    expect((await told(fileName)).split("|")[2]).toMatch(name);
  });

  it("has nobody else read the file", async () => {
    expect((await told("a")).split("|")[3]).toBe("-rw-------\n");
  });
});

describe("a scanner that was killed", () => {
  it("has its files removed by the next one", async () => {
    await using subject = new ExecUnderTest();
    const left = subject.work.join("sluice-exec-4194305-1-abcdef/scan-abcdef");
    mkdirSync(left, { recursive: true });
    await subject.start("exit 0");
    expect(existsSync(left)).toBe(false);
  });
});

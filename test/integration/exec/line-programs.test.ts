import { readFileSync } from "node:fs";
import { memoryUsage } from "node:process";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { contentOf, ExecUnderTest } from "./exec-under-test.ts";

/** A program in Node that answers by what is in the file. */
const program = `exec ${process.execPath} -e '
const { readFileSync, writeFileSync } = require("node:fs");
let served = 0;
require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, file, output, fileName, sha256, size } = JSON.parse(line);
  const text = readFileSync(file, "utf8");
  served += 1;
  const say = (answer) => console.log(JSON.stringify({ id, ...answer }));
  if (text === "crash") process.exit(3);
  if (text === "hang") return;
  if (text === "mutter") require("node:fs").writeSync(2, Buffer.alloc(2e8, "x"));
  if (text === "flood") return process.stdout.write("x".repeat(1e6));
  if (text === "nonsense") return console.log("yes");
  if (text === "wrong id") return console.log(JSON.stringify({ id: id + 1, verdict: "clean" }));
  if (text === "pending") return say({ verdict: "pending" });
  if (text === "leave") require("node:child_process").spawn("sleep", ["60"], { stdio: "ignore" });
  if (text === "bad") return say({ verdict: "blocked", reason: "malware", threats: [{ name: "It" }] });
  if (text === "old") { writeFileSync(output, "new"); return say({ verdict: "modified" }); }
  say({ verdict: "clean", message: [served, process.pid, fileName, size].join(" ") });
});' "$MARKER"`;

const start = (settings: Readonly<Record<string, unknown>> = {}) =>
  new ExecUnderTest().start(program, {
    mode: "server",
    exitCodes: undefined,
    concurrency: 1,
    ...settings,
  });

describe("a program that lives from scan to scan", () => {
  it("is started once", async () => {
    await using subject = await start();
    const first = await subject.scanned("a", { fileName: "n" });
    const second = await subject.scanned("bc");
    const [count, pid, name, size] = first.message?.split(" ") ?? [];
    expect([count, name, size]).toEqual(["1", "n", "1"]);
    expect(second.message).toBe(`2 ${pid}  2`);
  });

  it("says what it found", async () => {
    await using subject = await start();
    expect(await subject.scanned("bad")).toEqual({
      kind: "blocked",
      reason: "malware",
      threats: [{ engine: "exec", name: "It" }],
    });
  });

  it("gives new content by a file", async () => {
    await using subject = await start();
    const facts = {};
    const { verdict, replacement } = await subject.scan("old", { facts });
    expect(verdict.kind).toBe("modified");
    expect((await contentOf(replacement)).toString()).toBe("new");
  });

  it.each([
    ["crash", /^the program ended with 3$/],
    ["flood", /^the program wrote a line of more than 65536 bytes$/],
    ["nonsense", /^the program gave a line that is no answer$/],
    ["wrong id", /^the program gave a line that is no answer$/],
    ["pending", /^the program gave a line that is no answer$/],
    ["hang", /^no result within 1000 ms$/],
  ])("is started anew after: %s", async (content, message) => {
    await using subject = await start({ timeout: content === "hang" ? "1s" : "20s" });
    const failed = await subject.scanned(content);
    expect(failed).toMatchObject({ kind: "error", message: expect.stringMatching(message) });
    expect(await subject.scanned("fine")).toMatchObject({ kind: "clean" });
  });

  it("costs no memory with a line of its error output that has no end", async () => {
    await using subject = await start();
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    collect();
    const before = memoryUsage().heapUsed;
    expect(await subject.scanned("mutter")).toMatchObject({ kind: "clean" });
    collect();
    expect(memoryUsage().heapUsed - before).toBeLessThan(5e7);
  });

  it("leaves nothing when the scanner ends", async () => {
    const subject = await start();
    await subject.scanned("leave");
    expect(subject.left.length).toBeGreaterThan(0);
    await subject.engine.close();
    await expect.poll(() => subject.left, { timeout: 15_000 }).toEqual([]);
    await subject[Symbol.asyncDispose]();
  });

  it("sees nothing of the environment of the scanner", async () => {
    expect(readFileSync("/proc/self/environ", "latin1")).toContain("NODE");
    await using subject = await new ExecUnderTest().start(
      "env | cut -d= -f1 | sort | tr '\\n' ' '",
      {
        verdict: '"unknown"',
        exitCodes: {},
        message: "stdout",
      },
    );
    expect((await subject.scanned("x")).message).toBe("MARKER PATH PWD TMPDIR ");
  });
});

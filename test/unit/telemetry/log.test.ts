import { execFileSync } from "node:child_process";
import { openSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  Cause,
  createLog,
  createTransactionLog,
  type LogLevel,
  OutcomeKind,
  writeAudit,
} from "../../../src/telemetry/index.ts";
import { createLogTo } from "../../../src/telemetry/pino-logger.ts";
import { fullRecord } from "./transaction-record.ts";

/** A log and the lines that it wrote. */
function capture(level: LogLevel = "info", base?: object) {
  const lines: string[] = [];
  const options = base === undefined ? { level } : { level, base };
  const log = createLogTo({ write: (line) => void lines.push(line) }, options);
  return { log, lines, parsed: () => lines.map((line) => JSON.parse(line)) };
}

describe("the log", () => {
  it("writes one JSON object a line with level, time and message", () => {
    const { log, parsed } = capture();
    log.logger.warn("certificate reloaded", { file: "a.pem" });
    expect(parsed()).toEqual([
      {
        level: "warn",
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        file: "a.pem",
        msg: "certificate reloaded",
      },
    ]);
  });

  it.each(["warn", "error"] as const)("writes the audit at the level %s too", (level) => {
    const { log, parsed } = capture(level, { pid: 7 });
    writeAudit(log.logger, "info", { operation: "purge", actor: "ada" });
    expect(parsed()).toMatchObject([
      { level: "info", pid: 7, msg: "audit", operation: "purge", actor: "ada" },
    ]);
  });

  it("writes no audit where nothing is to be written", () => {
    const { log, lines } = capture("silent");
    writeAudit(log.logger, "warn", { operation: "purge" });
    expect(lines).toEqual([]);
  });

  it("takes a message without fields", () => {
    const { log, parsed } = capture();
    log.logger.error("out of memory");
    expect(parsed()).toMatchObject([{ level: "error", msg: "out of memory" }]);
  });

  it("keeps to its level", () => {
    const { log, lines } = capture("warn");
    log.logger.debug("a");
    log.logger.info("b");
    expect(lines).toEqual([]);
  });

  it("knows what it would write", () => {
    const { log } = capture("warn");
    expect([log.writes("info"), log.writes("warn"), log.writes("silent")]).toEqual([
      false,
      true,
      false,
    ]);
  });

  it("writes nothing when silent", () => {
    const { log, lines } = capture("silent");
    log.logger.error("a");
    expect([lines, log.writes("error")]).toEqual([[], false]);
  });

  it("adds its base fields to every line", () => {
    const { log, parsed } = capture("info", { worker: 2 });
    log.logger.info("a");
    expect(parsed()).toMatchObject([{ worker: 2 }]);
  });

  it("shows an error with its message and stack", () => {
    const { log, parsed } = capture();
    log.logger.error("failed", { err: new Error("disk full") });
    expect(parsed()).toMatchObject([{ err: { type: "Error", message: "disk full" } }]);
  });

  it("keeps a line on one line whatever a client sends", () => {
    const { log, lines } = capture();
    createTransactionLog(log.logger)({ ...fullRecord, host: 'x\n{"level":"error"}\r\u2028' });
    expect(lines.join("").trimEnd()).not.toMatch(/[\r\n]/);
  });

  it("cuts long texts from outside", () => {
    const { log, parsed } = capture();
    const long = "x".repeat(10_000);
    createTransactionLog(log.logger)({ ...fullRecord, host: long, threats: [long], user: long });
    const [line] = parsed();
    expect([line.host, line.threats[0], line.user]).toEqual(
      Array(3).fill(`${long.slice(0, 256)}…`),
    );
  });

  const refused = { ...fullRecord, service: undefined, cause: Cause.Refused };
  const wrong = { ...fullRecord, service: undefined, cause: Cause.Protocol };

  it("does not fill with what was refused, whatever was wrong with it", () => {
    const { log, lines } = capture();
    const write = createTransactionLog(log.logger, () => 0);
    for (let i = 0; i < 500; i++) write(i % 2 === 0 ? refused : wrong);
    expect(lines).toHaveLength(100);
  });

  it("counts what it left out of what was refused, once there is room again", () => {
    const { log, parsed } = capture();
    let now = 0;
    const write = createTransactionLog(log.logger, () => now);
    for (let i = 0; i < 130; i++) write(refused);
    now = 10_000;
    write(refused);
    write(refused);
    expect(parsed().slice(100)).toMatchObject([
      { level: "warn", msg: "refused requests not logged", lines: 30 },
      { msg: "transaction", cause: "refused" },
      { msg: "transaction", cause: "refused" },
    ]);
  });

  it("has a line for each transaction that was served, however much was refused", () => {
    const { log, parsed } = capture();
    const write = createTransactionLog(log.logger, () => 0);
    for (let i = 0; i < 200; i++) write(refused);
    for (let i = 0; i < 200; i++) write(fullRecord);
    expect(parsed().filter(({ cause }) => cause === fullRecord.cause)).toHaveLength(200);
  });

  it("tells times to the microsecond", () => {
    const { log, parsed } = capture();
    createTransactionLog(log.logger)(fullRecord);
    expect(parsed()).toMatchObject([{ durationMs: 12.346, scanMs: 4 }]);
  });

  it("leaves out what does not apply", () => {
    const { log, parsed } = capture();
    createTransactionLog(log.logger)({ ...fullRecord, user: undefined, scanMs: undefined });
    const names = Object.keys(parsed()[0]);
    expect(names.includes("user") || names.includes("scanMs")).toBe(false);
  });
});

describe("the log of a process", () => {
  it("drops and counts lines that the device does not take, and goes on", async () => {
    // Left open: the log goes on trying, and must not hit a file that gets the same number later.
    const fd = openSync("/dev/full", "w");
    const log = createLog({ level: "info", fd });
    const line = "x".repeat(5000);
    await expect
      .poll(
        () => {
          log.logger.info(line);
          return log.droppedLines;
        },
        { timeout: 15_000 },
      )
      .toBeGreaterThan(1);
  });

  const index = new URL("../../../src/telemetry/index.ts", import.meta.url).href;
  const run = (end: string): string => {
    const script = `import { createLog } from ${JSON.stringify(index)};
      const log = createLog({ level: "info" });
      log.logger.info("last words");
      ${end}`;
    try {
      return execFileSync(process.execPath, ["--input-type=module", "-e", script], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      });
    } catch (error) {
      return (error as { stdout: string }).stdout;
    }
  };

  it.each([
    ["ends by itself", ""],
    ["is told to exit", "process.exit(3);"],
    ["dies of an error", "throw new Error('x');"],
    ["flushes", "log.flush(); process.kill(process.pid, 'SIGKILL');"],
  ])("is written when it %s", (_how, end) => {
    expect(run(end)).toContain('"msg":"last words"');
  });
});

describe("docs/logging.md", () => {
  const page = readFileSync(new URL("../../../docs/logging.md", import.meta.url), "utf8");
  const [transactions = ""] = page.split("## Transactions")[1]?.split("\n## ") ?? [];
  const rows = transactions.split("\n").filter((line) => /^\| `/.test(line));
  const cells = (row: string): string[] =>
    [...row.matchAll(/`([^`]+)`/g)].map(([, text]) => text ?? "");

  it("lists exactly the fields of a transaction's line", () => {
    const { log, parsed } = capture();
    createTransactionLog(log.logger)(fullRecord);
    const logged = Object.keys(parsed()[0]).filter(
      (key) => !["level", "time", "msg"].includes(key),
    );
    expect(rows.map((row) => cells(row)[0])).toEqual(logged);
  });

  it.each([
    ["outcome", OutcomeKind],
    ["cause", Cause],
  ])("lists exactly the words of %s", (field, words) => {
    const [row = ""] = rows.filter((line) => line.startsWith(`| \`${field}\``));
    expect(cells(row).slice(1)).toEqual(Object.values(words));
  });
});

import { type ChildProcess, fork } from "node:child_process";
import { stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { workerEntry } from "../content/worker-entry.ts";
import type { Row, SlotValue, SqlDriver } from "./sql-driver.ts";
import { FailureKind, SqlFailure, sqlFailure } from "./sql-failure.ts";
import type { SqliteSettings } from "./sql-settings.ts";
import type { SqliteAnswer } from "./sqlite-worker.ts";

/** A process starts within this, on a machine that is busy. */
const START_MS = 10_000;

/** SQLite, by `node:sqlite` in processes of their own. */
export function openSqlite({ path, pool }: SqliteSettings, timeoutMs: number): SqlDriver {
  return new Sqlite(
    path,
    Array.from({ length: pool }, () => new SqliteReader(path, timeoutMs)),
  );
}

class Sqlite implements SqlDriver {
  identity: string | undefined;
  readonly #path: string;
  readonly #readers: readonly SqliteReader[];

  constructor(path: string, readers: readonly SqliteReader[]) {
    this.#path = path;
    this.#readers = readers;
  }

  get connections(): number {
    return this.#readers.filter(({ isRunning }) => isRunning).length;
  }

  async query(
    { text }: { readonly text: string },
    values: readonly SlotValue[],
  ): Promise<readonly Row[]> {
    await this.#noticeReplacement();
    const [reader] = this.#readers.toSorted((a, b) => a.waiting - b.waiting);
    return (reader as SqliteReader).ask(text, values);
  }

  async close(): Promise<void> {
    for (const reader of this.#readers) reader.stop();
  }

  /** A new file under the old name is another database; the processes still read the old one. */
  async #noticeReplacement(): Promise<void> {
    const status = await stat(this.#path).catch((error: NodeJS.ErrnoException) => {
      throw sqlFailure(error, () => FailureKind.Unreachable, []);
    });
    const identity = `${status.dev}-${status.ino}`;
    if (this.identity !== undefined && this.identity !== identity) {
      for (const reader of this.#readers) reader.renew();
    }
    this.identity = identity;
  }
}

/** One process, which answers one question at a time. */
class SqliteReader {
  waiting = 0;
  readonly #path: string;
  readonly #timeoutMs: number;
  #process: ChildProcess | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #isOld = false;
  #isStopped = false;

  constructor(path: string, timeoutMs: number) {
    this.#path = path;
    this.#timeoutMs = timeoutMs;
  }

  get isRunning(): boolean {
    return this.#process !== undefined;
  }

  /** Rejects with a `SqlFailure`. */
  ask(text: string, values: readonly SlotValue[]): Promise<readonly Row[]> {
    this.waiting += 1;
    const answered = this.#last
      .then(() => this.#askNow(text, values))
      .finally(() => {
        this.waiting -= 1;
      });
    this.#last = answered.catch(() => {});
    return answered;
  }

  /** Opens the file anew before the next question. */
  renew(): void {
    this.#isOld = true;
  }

  stop(): void {
    this.#isStopped = true;
    this.#end();
  }

  async #askNow(text: string, values: readonly SlotValue[]): Promise<readonly Row[]> {
    if (this.#isStopped) throw new SqlFailure(FailureKind.Unreachable, "closed", "closed");
    if (this.#isOld) this.#end();
    this.#isOld = false;
    this.#process ??= await this.#start();
    const answer = this.#answer(this.#process, this.#timeoutMs);
    this.#process.send({ text, values });
    return rowsOf(await answer, values);
  }

  async #start(): Promise<ChildProcess> {
    const entry = fileURLToPath(workerEntry(import.meta.url, "./sqlite-worker"));
    const child = fork(entry, [this.#path], {
      // Nothing of this process's environment is for it; what it prints is for nobody.
      env: {},
      execArgv: ["--disable-warning=ExperimentalWarning"],
      stdio: ["ignore", "ignore", "ignore", "ipc"],
      serialization: "advanced",
    });
    // Without a listener, a process that cannot be started ends this one.
    child.on("error", () => {});
    child.once("exit", () => {
      if (this.#process === child) this.#process = undefined;
    });
    try {
      rowsOf(await this.#answer(child, START_MS), []);
      return child;
    } catch (error) {
      child.kill("SIGKILL");
      throw error;
    }
  }

  /** The next message; a process that does not send it in time is ended. */
  #answer(child: ChildProcess, timeoutMs: number): Promise<SqliteAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<SqliteAnswer>();
    const late = setTimeout(() => {
      reject(new SqlFailure(FailureKind.Timeout, "timeout", `no answer within ${timeoutMs} ms`));
      this.#end();
      child.kill("SIGKILL");
    }, timeoutMs);
    const gone = () =>
      reject(new SqlFailure(FailureKind.Unreachable, "process ended", "the reading process ended"));
    child.once("message", resolve);
    child.once("exit", gone);
    return promise.finally(() => {
      clearTimeout(late);
      child.off("message", resolve);
      child.off("exit", gone);
    });
  }

  #end(): void {
    this.#process?.kill("SIGKILL");
    this.#process = undefined;
  }
}

function rowsOf(answer: SqliteAnswer, values: readonly SlotValue[]): readonly Row[] {
  if ("rows" in answer) return answer.rows;
  const texts = values.flat().filter((value) => typeof value === "string");
  throw sqlFailure(answer, kindOf, texts);
}

/** The file is locked, or cannot be opened (SQLite's result codes 5, 6, 10, 14). */
function kindOf(code: string): FailureKind | undefined {
  const primary = Number(code.replace("SQLITE_", "")) & 0xff;
  return [5, 6, 10, 14].includes(primary) ? FailureKind.Unreachable : undefined;
}

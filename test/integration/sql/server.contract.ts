import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type DatabaseServer, password } from "./database-server.ts";
import { type DatabaseUnderTest, describeSqlContract } from "./sql.contract.ts";
import { ask, badHash, outcome, query, SqlBench, schema } from "./sql-under-test.ts";

const LONG_MS = 90_000;

export interface ServerUnderTest {
  readonly server: DatabaseServer;
  readonly run: DatabaseUnderTest["run"];
  /** Closes what `run` has opened. */
  readonly end: () => Promise<void>;
  /** A query that takes ten seconds. */
  readonly slowQuery: string;
  /** How many of those the server works on now. */
  readonly slowCount: string;
  /** A query that writes although it begins with SELECT or WITH, and what must be so before it. */
  readonly writing: readonly [before: string, query: string];
}

/** What holds for a database that is a server of its own. */
export function describeSqlServer(create: () => ServerUnderTest): void {
  let subject: ServerUnderTest;
  let bench: SqlBench;
  beforeAll(async () => {
    subject = create();
    bench = new SqlBench();
    await subject.server.create();
    for (const statement of schema) await subject.run(statement);
  }, LONG_MS);
  afterAll(async () => {
    await bench.close();
    bench.remove();
    await subject.end();
    await subject.server.remove();
  }, LONG_MS);

  describe("as any database", { timeout: LONG_MS }, () => {
    describeSqlContract(() => ({ settings: subject.server.settings, run: subject.run }));
  });

  it("reads only: what writes all the same is refused by the session", {
    timeout: LONG_MS,
  }, async () => {
    const [before, writing] = subject.writing;
    await subject.run(before);
    const engine = await bench.engine(subject.server.settings, writing);
    expect(engine.state().notReady).toMatch(/25006|ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION/);
    await bench.close();
  });

  it("ends a query that takes too long, here and on the server", { timeout: LONG_MS }, async () => {
    const engine = await bench.engine(
      subject.server.settings,
      subject.slowQuery,
      "timeout: 300ms\n",
    );
    const verdict = await ask(engine, { host: "slow.example" });
    expect(verdict).toMatchObject({ kind: "error", reason: "timeout" });
    const slow = async () => Number((await subject.run(subject.slowCount))[0]);
    await expect.poll(slow, { timeout: 20_000 }).toBe(0);
    expect(await ask(engine, {})).toMatchObject({ kind: "unknown" });
    await bench.close();
  });

  it("refuses what comes while all connections are taken, and stays ready", {
    timeout: LONG_MS,
  }, async () => {
    const settings = subject.server.settings.replace(/20s }$/, "100ms, pool: 1 }");
    const engine = await bench.engine(settings, subject.slowQuery, "timeout: 4s\n");
    // A connection within 100 ms: at a later try, when the machine is busy.
    await expect.poll(() => engine.state().notReady, { timeout: 20_000 }).toBeUndefined();
    const slow = ask(engine, { host: "slow.example" });
    const running = async () => Number((await subject.run(subject.slowCount))[0]);
    await expect.poll(running, { timeout: 20_000 }).toBe(1);
    expect(await outcome(engine)).toBe(503);
    expect(engine.state().notReady).toBeUndefined();
    expect(await slow).toMatchObject({ kind: "error", reason: "timeout" });
    await bench.close();
  });

  it("verifies the certificate of the server", { timeout: LONG_MS }, async () => {
    const { settings, caFile } = subject.server;
    const withTls = (tls: string) =>
      settings.replace(" }", "#").replace(/ }$/, `, tls: ${tls} }`).replace("#", " }");
    const trusted = await bench.engine(withTls(`{ caFile: ${caFile} }`));
    expect(await ask(trusted, {}, badHash)).toMatchObject({ kind: "blocked" });
    const untrusted = await bench.engine(withTls("{}"));
    expect(untrusted.state().notReady).toBeDefined();
    await bench.close();
  });

  it("shows no password when it is wrong, and connects when it is right", {
    timeout: LONG_MS,
  }, async () => {
    const secret = subject.server.directory.join("password");
    writeFileSync(secret, "canary-wrong");
    const engine = await bench.engine(subject.server.settings);
    const said = JSON.stringify([bench.lines, engine.state(), await ask(engine, {}).catch(String)]);
    expect(engine.state().notReady).toBeDefined();
    writeFileSync(secret, password);
    await expect.poll(() => engine.state().notReady, { timeout: 20_000 }).toBeUndefined();
    expect(said + JSON.stringify(bench.lines)).not.toContain("canary");
    await bench.close();
  });

  it("lets nothing pass while the server is killed and started again", {
    timeout: LONG_MS,
  }, async () => {
    const engine = await bench.engine(subject.server.settings);
    const outcomes = new Set<string | number>();
    let isOver = false;
    const asking = Array.from({ length: 4 }, async () => {
      while (!isOver) {
        outcomes.add(await outcome(engine));
        await new Promise(setImmediate);
      }
    });
    await subject.server.kill();
    await expect.poll(() => engine.state().notReady, { timeout: 20_000 }).toBeDefined();
    await subject.server.start();
    await expect.poll(() => engine.state().notReady, { timeout: 20_000 }).toBeUndefined();
    expect(await outcome(engine)).toBe("blocked");
    isOver = true;
    await Promise.all(asking);
    expect(["blocked", 503]).toEqual(expect.arrayContaining([...outcomes]));
    await bench.close();
  });

  it("is not ready when nobody listens, and still starts", { timeout: LONG_MS }, async () => {
    const settings = subject.server.settings.replace(/port: \d+/, "port: 1");
    const engine = await bench.engine(settings, query);
    expect(engine.state().notReady).toContain("ECONNREFUSED");
    expect(await outcome(engine)).toBe(503);
    await bench.close();
  });
}

import { symlinkSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eicar } from "../../support/eicar.ts";
import { icapField } from "../../support/icap-answer.ts";
import { chunks, icapHead, icapRequest } from "../../support/icap-request.ts";
import { TempDirectory } from "../../support/temp-directory.ts";
import { chunk, lastChunk } from "../../support/wire-text.ts";
import { ReloadingServer, scannedBy, scanner, service } from "./reloading-server.ts";

const blocks = 'rules: [{ name: all, when: "true", then: Block }]';
const allow204 = ["Allow: 204"];
const request = (path: string) => icapRequest({ method: "REQMOD", path, fields: allow204 });
const download = (path: string, body: string) =>
  icapHead({ method: "RESPMOD", path, fields: allow204, body });

/** To compile the rules of a scanner takes long where the cores are busy; nothing here waits for time. */
const patient = { timeout: 120_000 };

describe("a reload", patient, () => {
  let server: ReloadingServer;

  beforeAll(async () => {
    server = await ReloadingServer.start(service("first", scannedBy("a")) + scanner("a"));
  });
  afterAll(() => server.stop());

  /** Each test has services of its own; the scanner stays. */
  const reload = (...services: readonly string[]) =>
    server.reload(services.join("") + service("kept", scannedBy("a")) + scanner("a"));

  it("serves what was added and answers 404 for what was removed, on an open connection", async () => {
    await reload(service("old"));
    using connection = await server.connect();
    const statuses: number[] = [];
    const ask = async (path: string) => {
      await connection.send(request(path));
      statuses.push((await connection.readAnswer()).status);
    };
    await ask("/old");
    await ask("/new");
    await reload(service("new"));
    await ask("/old");
    await ask("/new");
    expect(statuses).toEqual([204, 404, 404, 204]);
  });

  it("lets a transaction end with the service that it began with", async () => {
    await reload(service("files", scannedBy("a")));
    const { istag } = await server.options("/files");
    using connection = await server.connect();
    const body = "x".repeat(20_000);
    await connection.send(download("/files", body), chunk(body.slice(0, 10_000)));
    await reload(service("others"));
    await connection.send(chunk(body.slice(10_000)), lastChunk, request("/files"));
    const last = await connection.readAnswer();
    const next = await connection.readAnswer();
    expect([last.status, icapField(last, "ISTag"), next.status]).toEqual([204, istag, 404]);
  });

  it("lets a body be judged by the scanner that its service had", async () => {
    await reload(service("uploads", scannedBy("a")));
    using connection = await server.connect();
    await connection.send(download("/uploads", eicar));
    await reload(service("uploads"));
    await connection.send(chunks(eicar));
    const answer = await connection.readAnswer();
    expect([answer.status, icapField(answer, "X-Infection-Found")]).toEqual([
      200,
      expect.stringContaining("EICAR"),
    ]);
  });

  it("that is refused tells every problem and leaves what is served", async () => {
    await reload(service("stays"));
    const problems = await server.refuse(
      `${service("stays", "previw: {}")}${service("b", scannedBy("none"))}`,
    );
    const told = problems.map((line) => line.replace(server.path, "services.yaml"));
    const answers = [await server.options("/stays"), await server.options("/b")];
    expect([told, answers.map(({ status }) => status)]).toEqual([
      [
        'services.yaml:4: spec.previw: unknown field, did you mean "preview"?',
        "services.yaml:9: spec.scanners[0].ref: IcapScanner/default/none is not there",
      ],
      [200, 404],
    ]);
  });

  it.each([
    ["an empty file", ""],
    ["half a file", service("a").slice(0, 60)],
    ["a file without services", scanner("a")],
  ])("that finds %s is refused", async (what, contents) => {
    const name = what.replaceAll(" ", "-");
    await reload(service(name));
    await server.refuse(contents);
    expect((await server.options(`/${name}`)).status).toBe(200);
  });

  it("that finds the file gone is refused", async () => {
    await reload(service("lonely"));
    const problems = await server.refuse(undefined);
    expect([problems, (await server.options("/lonely")).status]).toEqual([
      [`${server.path}: cannot be read: no such file or directory`],
      200,
    ]);
  });

  it("is seen in the metrics: what is in force, since when, and how many were refused", async () => {
    await reload(service("measured"));
    const first = await configuration(server);
    await server.refuse("kind: [");
    const refused = await configuration(server);
    await reload(service("measured-again"));
    const second = await configuration(server);
    expect({
      applied: [refused.applied - first.applied, second.applied - refused.applied],
      refused: [refused.refused - first.refused, second.refused - refused.refused],
      isRevisionNew: [refused.revision !== first.revision, second.revision !== first.revision],
      isNewer: [refused.since > first.since, second.since > first.since],
      isCurrent: [refused.isCurrent, second.isCurrent],
    }).toEqual({
      applied: [0, 1],
      refused: [1, 0],
      isRevisionNew: [false, true],
      isNewer: [false, true],
      isCurrent: [false, true],
    });
  });

  it("that was refused and is taken back is current again", async () => {
    const good = service("restored") + scanner("a");
    await server.reload(good);
    await server.refuse("kind: [");
    server.replace(good);
    await expect.poll(async () => (await configuration(server)).isCurrent).toBe(true);
  });

  it("that found the file gone is current again when it is back as it was", async () => {
    const good = service("mislaid") + scanner("a");
    await server.reload(good);
    await server.refuse(undefined);
    server.replace(good);
    await expect.poll(async () => (await configuration(server)).isCurrent).toBe(true);
  });

  it("changes the ISTag of exactly the services whose answers may change", async () => {
    using lists = new TempDirectory();
    const list = lists.join("list");
    writeFileSync(list, `${"0".repeat(64)}\n`);
    const services = (spec: string, seconds: number, hashList?: string) =>
      service("same") +
      service("ruled", spec) +
      service("scanned", scannedBy("a")) +
      service("limited", `limits: { transactionTimeout: ${seconds}s }`) +
      scanner("a", hashList);
    const paths = ["/same", "/ruled", "/scanned", "/limited"];
    const tags = async () => {
      const answers = await Promise.all(paths.map((path) => server.options(path)));
      return answers.map(({ istag }) => istag);
    };
    await server.reload(services("", 9));
    const before = await tags();
    await server.reload(services(blocks, 8, list));
    const after = await tags();
    const changed = paths.filter((_path, index) => before[index] !== after[index]);
    expect(changed).toEqual(["/ruled", "/scanned"]);
  });
});

describe("a reload of a server of its own", patient, () => {
  it("comes with SIGHUP where no event tells of a change and no poll is due", async () => {
    using directory = new TempDirectory();
    using elsewhere = new TempDirectory();
    const target = elsewhere.join("target.yaml");
    const link = directory.join("link.yaml");
    writeFileSync(target, service("b", "methods: [REQMOD]"));
    symlinkSync(target, link);
    const flags = ["--resources-poll=1h", "-f", link];
    await using server = await ReloadingServer.start(service("a"), ...flags);
    const applied = server.waitFor("configuration applied", 2);
    writeFileSync(target, service("c"));
    server.signal("SIGHUP");
    await applied;
    expect((await server.options("/c")).status).toBe(200);
  });

  it("that is refused does not keep a worker that dies from being replaced, by one that serves the last good set", async () => {
    await using server = await ReloadingServer.start(service("old"), "--workers=2");
    server.replace(service("good"));
    await server.waitFor("configuration applied", 4);
    await server.refuse(service("bad", "previw: {}"));
    await server.waitFor("configuration refused", 2);
    process.kill(server.workers[0] as number, "SIGKILL");
    // The new one serves what was good last, tells that the files are refused, and follows them.
    await server.waitFor("configuration applied", 5);
    await server.waitFor("configuration refused", 3);
    server.replace(service("mended"));
    await server.waitFor("configuration applied", 7);
    expect((await server.options("/mended")).status).toBe(200);
  });

  it("reaches every worker process", async () => {
    await using server = await ReloadingServer.start(service("a"), "--workers=2");
    server.replace(service("b"));
    await server.waitFor("configuration applied", 4);
    const answers = await Promise.all(Array.from({ length: 8 }, () => server.options("/b")));
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200));
  });
});

/** What the metrics say of the configuration. */
async function configuration(server: ReloadingServer) {
  const samples = await server.metrics("sluice_config_");
  const loads = (result: string) =>
    Number(samples[`sluice_config_loads_total{result="${result}"}`] ?? 0);
  const revisions = Object.keys(samples).filter((name) => name.startsWith("sluice_config_info"));
  return {
    applied: loads("applied"),
    refused: loads("refused"),
    revision: revisions.join(),
    since: Number(samples["sluice_config_applied_timestamp_seconds"]),
    isCurrent: samples["sluice_config_current"] === "1",
  };
}

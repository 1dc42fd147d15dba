import { writeFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import type { RunningScanner } from "../../../src/app/index.ts";
import { scannerServer } from "../../../src/app/scanners/scanner-server.ts";
import { createScanV1Scanner, type Scanner } from "../../../src/scanning/index.ts";
import { noEndpointMetrics, silentLogger } from "../../../src/telemetry/index.ts";
import { eicar } from "../../support/eicar.ts";
import { afterUpload, answers, answersStatus, answersText } from "../../support/fake-scanner.ts";
import { entityOf, scanContext } from "../../support/samples/entities.ts";
import { TempDirectory } from "../../support/temp-directory.ts";
import { options, useVendor } from "./template-under-test.ts";

const server = {
  host: "127.0.0.1",
  port: 0,
  maxBytes: 1024 * 1024,
  maxConcurrentScans: 8,
  scanTimeoutMs: 5000,
  drainDelayMs: 0,
  drainTimeoutMs: 1000,
  logger: silentLogger,
};

describe("sluice scanner http", () => {
  const { vendor } = useVendor();
  const running: (RunningScanner | Scanner)[] = [];
  const directories: TempDirectory[] = [];
  afterEach(async () => {
    await Promise.all(running.splice(0).map((one) => ("drain" in one ? one.drain() : one.close())));
    for (const directory of directories.splice(0)) directory.remove();
  });

  const temporary = (files: Readonly<Record<string, string>> = {}) => {
    const directory = new TempDirectory();
    directories.push(directory);
    for (const [name, text] of Object.entries(files)) writeFileSync(directory.join(name), text);
    return directory;
  };

  const nothing = {
    templateFile: undefined,
    preset: undefined,
    params: {},
    secretsDirectory: undefined,
    caFile: undefined,
  };
  const start = async (changes: object) => {
    const workDirectory = temporary().path;
    const scanner = await scannerServer.http(
      { ...nothing, url: vendor().url, workDirectory, ...changes },
      server,
    );
    running.push(scanner);
    return scanner;
  };
  /** The pod's side: a scan/v1 client of the service. */
  const clientOf = async ({ address }: RunningScanner): Promise<Scanner> => {
    const urls = [`http://${address.host}:${address.port}`];
    const credentials = {};
    const metrics = noEndpointMetrics;
    const client = await createScanV1Scanner({ ...options, urls, credentials, metrics });
    running.unshift(client);
    return client;
  };
  const template = (text: string) => temporary({ "mine.yaml": text }).join("mine.yaml");

  it("asks a vendor by a preset", async () => {
    vendor().script = afterUpload((request, response) => {
      const found = [{ Status: "FOUND", Description: "Eicar", FileName: "x" }];
      const isVersion = request.url === "/version";
      response
        .writeHead(isVersion ? 200 : 406, { "content-type": "application/json" })
        .end(JSON.stringify(isVersion ? { Clamav: "1.4.6", Signature: "27500" } : found));
    });
    const client = await clientOf(await start({ preset: "ClamavRest" }));
    const verdict = await client.scan(entityOf(eicar), scanContext());
    expect(verdict).toMatchObject({ kind: "blocked", threats: [{ name: "Eicar" }] });
    expect(client.epoch).toMatch(/;1\.4\.6\/27500$/);
  });

  it("asks a vendor by a template of one's own, with secrets out of a directory", async () => {
    vendor().script = answers({ verdict: "suspicious" });
    const secretsDirectory = temporary({ apiKey: "s3cret\n", unused: "x" }).path;
    const scanner = await start({
      secretsDirectory,
      params: { level: 3 },
      templateFile: template(`
params: { level: { type: Integer } }
secrets: { apiKey: {} }
headers: { X-Key: "\${secret.apiKey}" }
steps: [{ name: scan, request: { method: POST, path: "/scan/\${params.level}", body: { mode: Raw } } }]
result: { verdict: res.json.verdict }`),
    });
    const client = await clientOf(scanner);
    expect((await client.scan(entityOf("x"), scanContext())).kind).toBe("suspicious");
    expect(vendor().received[0]).toMatchObject({
      path: "/scan/3",
      headers: { "x-key": "s3cret" },
      body: Buffer.from("x"),
    });
  });

  it("wants no bytes where the template sends none", async () => {
    vendor().script = answers({});
    const scanner = await start({
      templateFile: template(`
steps: [{ name: lookup, request: { path: "/hash/\${req.sha256}" } }]
result: { verdict: "'clean'" }`),
    });
    const { address } = scanner;
    const info = await fetch(`http://${address.host}:${address.port}/v1/info`);
    expect(await info.json()).toMatchObject({ inputs: ["hash"] });
    const entity = entityOf("some bytes");
    const client = await clientOf(scanner);
    expect((await client.scan(entity, scanContext())).kind).toBe("clean");
    expect(vendor().received[0]?.path).toBe(`/hash/${entity.sha256}`);
  });

  it("gives new content", async () => {
    vendor().script = answersText("rebuilt", "text/plain");
    const scanner = await start({
      templateFile: template(`
steps: [{ name: scan, request: { method: POST, path: /, body: { mode: Raw } } }]
result: { verdict: "'modified'", content: { step: scan } }`),
    });
    const { address } = scanner;
    const answer = await fetch(`http://${address.host}:${address.port}/v1/scan`, {
      method: "POST",
      headers: { accept: "application/json, application/octet-stream;q=0.9" },
      body: "some bytes",
    });
    expect(answer.headers.get("scan-verdict")).toBe("modified");
    expect(await answer.text()).toBe("rebuilt");
  });

  it("answers 503 when the vendor is busy, so that the caller may ask elsewhere", async () => {
    vendor().script = answersStatus(429);
    const { address } = await start({
      templateFile: template(`
steps: [{ name: scan, request: { method: POST, path: /, body: { mode: Raw } } }]
result: { verdict: "'clean'" }`),
    });
    const url = `http://${address.host}:${address.port}/v1/scan`;
    const answer = await fetch(url, { method: "POST", body: "some bytes" });
    expect(answer.status).toBe(503);
  });

  it.each([
    [{}, "give either --template or --preset"],
    [{ preset: "ClamavRest", templateFile: "x" }, "give either --template or --preset"],
    [{ preset: "ClamavRset" }, '--preset: there is no such preset, did you mean "ClamavRest"?'],
    [
      { templateFile: "/nonexistent.yaml" },
      "--template: /nonexistent.yaml: cannot be read: no such file",
    ],
    [{ preset: "VirusTotal", url: undefined }, "--secrets-directory: secrets.apiKey: required"],
    [
      { preset: "ClamavRest", caFile: "/nonexistent.pem" },
      "/nonexistent.pem: cannot be read: no such file or directory",
    ],
    [{ preset: "ClamavRest", url: undefined }, "--url: baseUrl: there is none"],
    [
      { preset: "ClamavRest", params: { minimum: 3 } },
      "--params: params.minimum: the template has no such name",
    ],
  ])("tells what is wrong with %j", async (changes, why) => {
    await expect(start(changes)).rejects.toThrow(why);
  });
});

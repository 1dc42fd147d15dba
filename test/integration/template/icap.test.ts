import { mkdirSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  answers,
  answersStatus,
  answersText,
  FakeScanner,
  inTurn,
} from "../../support/fake-scanner.ts";
import { icapField } from "../../support/icap-answer.ts";
import { icapRequest } from "../../support/icap-request.ts";
import { Sluice } from "../../support/sluice.ts";
import { TempDirectory } from "../../support/temp-directory.ts";
import { byPath } from "./template-under-test.ts";

const KEY = "c4n4ry-key";

const resources = (url: string) => `
apiVersion: icap.sluice.dev/v1alpha1
kind: IcapScanner
metadata: { name: vendor }
spec:
  protocol:
    type: Template
    template:
      params: { minPositives: 2 }
      secrets: { apiKey: { secretKeyRef: { name: vendor, key: api-key } } }
      inline:
        params: { minPositives: { type: Integer, default: 1 } }
        secrets: { apiKey: {} }
        headers: { X-Api-Key: "\${secret.apiKey}" }
        steps:
          - { name: submit, request: { method: POST, path: /files, body: { mode: Multipart, field: file } }, extract: { id: res.json.id } }
          - { name: report, request: { path: "/files/\${state.id}" }, poll: { until: res.json.done, interval: 50ms } }
        result:
          verdict: "res.json.positives >= params.minPositives ? 'blocked' : 'clean'"
          threats: res.json.names
  endpoint: { url: "${url}" }
---
apiVersion: icap.sluice.dev/v1alpha1
kind: IcapService
metadata: { name: scan }
spec:
  path: /scan
  scanners: [{ name: vendor, ref: { kind: IcapScanner, name: vendor }, timeout: 30s }]
  outcomes: { error: Block, timeout: Block, unscannable: Block, suspicious: Allow, unknown: Allow, pending: Block }
---
apiVersion: icap.sluice.dev/v1alpha1
kind: IcapScanner
metadata: { name: rebuild }
spec:
  protocol:
    type: Template
    template:
      inline:
        steps: [{ name: rebuild, request: { method: POST, path: /rebuild, body: { mode: Raw } } }]
        result: { verdict: "'modified'", content: { step: rebuild } }
  endpoint: { url: "${url}" }
---
apiVersion: icap.sluice.dev/v1alpha1
kind: IcapService
metadata: { name: rebuild }
spec:
  path: /rebuild
  scanners: [{ name: rebuild, ref: { kind: IcapScanner, name: rebuild }, role: Modifier, timeout: 30s }]
  outcomes: { error: Block, timeout: Block, unscannable: Block, suspicious: Allow, unknown: Allow, pending: Block }
`;

describe("an IcapService with a scanner by a template", () => {
  let vendor: FakeScanner;
  let sluice: Sluice;
  const directory = new TempDirectory();
  beforeAll(async () => {
    vendor = await FakeScanner.start();
    mkdirSync(directory.join("default/vendor"), { recursive: true });
    writeFileSync(directory.join("default/vendor/api-key"), `${KEY}\n`);
    writeFileSync(directory.join("services.yaml"), resources(vendor.url));
    const flags = [
      ...["-f", directory.join("services.yaml"), `--secrets-directory=${directory.path}`],
      ...["--log-level=debug", "--cache-enabled=false"],
    ];
    sluice = await Sluice.start({ flags });
  });
  beforeEach(() => void vendor.received.splice(0));
  afterAll(async () => {
    await sluice.stop();
    await vendor.stop();
    directory.remove();
  });

  const send = async (body: string, path = "/scan") => {
    const connection = await sluice.connect();
    await connection.send(icapRequest({ method: "RESPMOD", path, fields: ["Allow: 204"], body }));
    const answer = await connection.readAnswer();
    connection.close();
    return answer;
  };
  const reports = (positives: number, names: readonly string[] = []) => {
    vendor.script = byPath({
      "/files": answers({ id: "f1" }),
      "/files/f1": inTurn(answers({ done: false }), answers({ done: true, positives, names })),
    });
  };

  it("blocks what the vendor's last answer condemns", async () => {
    reports(2, ["Eicar"]);
    const answer = await send("malware");
    expect(answer.status).toBe(200);
    expect(icapField(answer, "X-Infection-Found")).toContain("Threat=Eicar;");
  });

  it("lets pass what stays below the parameter", async () => {
    reports(1, ["Maybe"]);
    expect((await send("harmless")).status).toBe(204);
  });

  it("sends the secret with each request, and the entity once", async () => {
    reports(0);
    await send("harmless");
    expect(vendor.received.map(({ headers }) => headers["x-api-key"])).toEqual([KEY, KEY, KEY]);
    expect(vendor.received[0]?.body.toString()).toContain("\r\n\r\nharmless\r\n");
  });

  it("blocks when the vendor refuses the key and echoes it, and nobody sees the key", async () => {
    vendor.script = (_request, response) => {
      response.writeHead(401).end(`bad key ${KEY}`);
    };
    const answer = await send("harmless");
    expect(answer.status).toBe(200);
    expect(JSON.stringify(answer)).not.toContain(KEY);
    await expect.poll(() => sluice.log).toContain("it answered 401");
    expect(sluice.log).not.toContain(KEY);
  });

  it("blocks when the vendor is busy", async () => {
    vendor.script = answersStatus(503);
    expect((await send("harmless")).status).toBe(200);
  });

  it("puts new content in the place of the old", async () => {
    vendor.script = answersText("rebuilt", "text/plain");
    const answer = await send("original", "/rebuild");
    expect(answer.status).toBe(200);
    expect(answer.body?.toString()).toBe("rebuilt");
  });
});

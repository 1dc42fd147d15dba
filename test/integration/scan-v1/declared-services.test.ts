import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { afterUpload, answers, FakeScanner } from "../../support/fake-scanner.ts";
import type { IcapAnswer } from "../../support/icap-answer.ts";
import { icapHead, icapRequest } from "../../support/icap-request.ts";
import { Sluice } from "../../support/sluice.ts";
import { TempDirectory } from "../../support/temp-directory.ts";
import { chunk, head, lastChunk } from "../../support/wire-text.ts";

const service = (name: string, entry: string, spec = ""): string => `
apiVersion: icap.sluice.dev/v1alpha1
kind: IcapService
metadata: { name: ${name} }
spec:
  path: /${name}
  scanners: [{ name: fake, ref: { kind: IcapScanner, name: fake }${entry} }]
  ${spec}
---`;

const resources = (url: string): string => `
apiVersion: icap.sluice.dev/v1alpha1
kind: IcapScanner
metadata: { name: fake }
spec:
  protocol: { type: ScanV1 }
  endpoint: { url: "${url}" }
---${service("plain", "")}
${service("told", ", policy: strict", "shareIdentity: [Scanners]")}
${service("cleaned", ", role: Modifier")}`;

const identity = [
  "X-Client-IP: 192.0.2.9",
  `X-Authenticated-User: ${Buffer.from("Local://zoë").toString("base64")}`,
  "X-Authenticated-Groups: staff",
];

describe("services as resources declare them", () => {
  const directory = new TempDirectory();
  let fake: FakeScanner;
  let sluice: Sluice;
  beforeAll(async () => {
    fake = await FakeScanner.start();
    fake.info = { protocol: "scan/v1", epoch: "1", stages: ["headers", "full"] };
    writeFileSync(directory.join("services.yaml"), resources(fake.url));
    sluice = await Sluice.start({ flags: ["-f", directory.join("services.yaml")] });
  });
  afterAll(async () => {
    await sluice?.stop();
    await fake?.stop();
    directory.remove();
  });
  beforeEach(() => {
    fake.received.length = 0;
    fake.script = answers({ verdict: "clean" }, { "cache-control": "no-store" });
  });

  async function answerTo(request: string): Promise<IcapAnswer> {
    const connection = await sluice.connect();
    await connection.send(request);
    const answer = await connection.readAnswer();
    connection.close();
    return answer;
  }

  const respmod = (path: string, body: string): string =>
    icapRequest({ method: "RESPMOD", path, fields: [...identity, "Allow: 204"], body });

  it("tell a scanner the facts, its policy, and who the user is where they share it", async () => {
    await answerTo(respmod("/told", "told"));
    expect(fake.received.at(-1)?.headers).toMatchObject({
      "scan-service": "told",
      "scan-host": "files.example",
      "scan-method": "POST",
      "scan-http-status": "200",
      "scan-policy": "strict",
      "scan-client-ip": "192.0.2.9",
      "scan-user": "UTF-8''zo%C3%AB",
      "scan-groups": "staff",
    });
  });

  it("tell it neither, unless they say so", async () => {
    await answerTo(respmod("/plain", "not told"));
    const names = Object.keys(fake.received.at(-1)?.headers ?? {});
    expect(names).toContain("scan-service");
    expect(names.filter((name) => /policy|client-ip|user|groups/.test(name))).toEqual([]);
  });

  it("put what a modifier makes of a file in its place in a form", async () => {
    fake.script = afterUpload((request, response) => {
      if (request.headers["content-disposition"] === undefined) {
        response.writeHead(200, { "content-type": "application/json" }).end('{"verdict":"clean"}');
        return;
      }
      const result = Buffer.from('{"verdict":"modified"}').toString("base64url");
      response.writeHead(200, { "scan-verdict": "modified", trailer: "Scan-Result" });
      response.write("clean picture");
      response.addTrailers({ "Scan-Result": result });
      response.end();
    });
    const form = (file: string): string =>
      [
        `--edge\r\n${head('Content-Disposition: form-data; name="a"')}field`,
        `--edge\r\n${head('Content-Disposition: form-data; name="b"; filename="b.jpg"')}${file}`,
        "--edge--\r\n",
      ].join("\r\n");
    const http = head(
      "POST /up HTTP/1.1",
      "Host: h",
      "Content-Type: multipart/form-data; boundary=edge",
      `Content-Length: ${form("picture").length}`,
    );
    const encapsulated = `Encapsulated: req-hdr=0, req-body=${http.length}`;
    const request = head("REQMOD icap://h/cleaned ICAP/1.0", "Host: h", "Allow: 204", encapsulated);
    const answer = await answerTo(request + http + chunk(form("picture")) + lastChunk);
    expect(answer.body?.toString()).toBe(form("clean picture"));
    expect(answer.requestHead).toContain(`Content-Length: ${form("clean picture").length}\r\n`);
    await expect.poll(() => sluice.log).toContain('"outcome":"modified"');
  });

  it("block by the heads while the client waits at its preview", async () => {
    fake.script = answers({ verdict: "blocked", reason: "category" });
    const fields = ["Preview: 4", "Allow: 204"];
    const text = { method: "RESPMOD", path: "/plain", fields, body: "" } as const;
    const answer = await answerTo(icapHead(text) + chunk("some") + lastChunk);
    expect(answer.responseHead).toMatch(/^HTTP\/1\.1 403 /);
    expect(fake.received.map(({ headers }) => headers["scan-stage"])).toEqual(["headers"]);
  });

  it("let a modifier see what judges would pass by its heads", async () => {
    const fields = ["Preview: 4", "Allow: 204"];
    const text = { method: "RESPMOD", path: "/cleaned", fields, body: "" } as const;
    const answer = await answerTo(`${icapHead(text)}${chunk("some")}0; ieof\r\n\r\n`);
    expect(answer.status).toBe(204);
    expect(fake.received.map(({ headers }) => headers["scan-stage"])).toEqual(["full"]);
  });
});

import { describe, expect, it } from "vitest";
import type { Verdict } from "../../../src/scanning/index.ts";
import type { LogFields, Logger } from "../../../src/telemetry/index.ts";
import { answers, answersStatus, answersText } from "../../support/fake-scanner.ts";
import { entityOf } from "../../support/samples/entities.ts";
import { byPath, useVendor, within } from "./template-under-test.ts";

/** Its end is `fn5+` in Base64 and `fn5-` in that of URLs. */
const CANARY = 'c4n4ry/"key"+value=xx~~~';
const PASSWORD = "p4ssw0rd-canary";
/** In any form in which it could come out. */
const forms = [CANARY, PASSWORD].flatMap((secret) => [
  secret,
  JSON.stringify(secret).slice(1, -1),
  encodeURIComponent(secret),
  Buffer.from(secret).toString("base64"),
  Buffer.from(`user:${secret}`).toString("base64"),
]);

const template = `
secrets: { apiKey: {}, password: {}, token: { optional: true } }
headers: { X-Api-Key: "\${secret.apiKey}", X-Token: "Token \${secret.token}" }
basicAuth: { username: user, password: "\${secret.password}" }
steps:
  - name: scan
    request:
      method: POST
      path: /scan
      query: { key: "\${secret.apiKey}" }
      body: { mode: Json, json: { key: "\${secret.apiKey}", object: "\${req.base64}" } }
    extract: { id: res.json.?id.orValue('') }
  - name: report
    when: state.id != ''
    request: { path: "/report/\${state.id}" }
    poll: { until: res.json.?done.orValue(false), interval: 10m }
result:
  verdict: res.json.verdict
  threats: "[{'name': res.json.name, 'ref': res.text}]"
  message: res.json.name + res.text + res.headers['x-echo']
errors: [{ when: "res.text.contains('never')", as: Unknown }]`;

describe("the secrets of a template", () => {
  const { vendor, scannerOf } = useVendor();
  const logged: unknown[] = [];
  const log = (message: string, fields?: LogFields): void => void logged.push(message, fields);
  const logger = { debug: log, info: log, warn: log, error: log } as unknown as Logger;

  const scan = async (): Promise<Verdict> => {
    const secrets = { apiKey: CANARY, password: PASSWORD };
    const scanner = await scannerOf(template, { secrets }, { logger });
    return scanner.scan(entityOf("some bytes"), within(60_000));
  };
  const echo = (status: number, text: string) => (_request: unknown, response: never) => {
    const { writeHead } = response as {
      writeHead: (...args: unknown[]) => { end: (t: string) => void };
    };
    writeHead.call(response, status, { "x-echo": encodeURIComponent(text) }).end(text);
  };

  it("go out where the template names them", async () => {
    vendor().script = answers({ verdict: "clean" });
    await scan();
    const [{ path, headers, body } = {}] = vendor().received as {
      path?: string;
      headers?: Record<string, string>;
      body?: Buffer;
    }[];
    expect(path).toBe(`/scan?key=${encodeURIComponent(CANARY)}`);
    expect(headers).toMatchObject({
      "x-api-key": CANARY,
      authorization: `Basic ${Buffer.from(`user:${PASSWORD}`).toString("base64")}`,
    });
    expect(JSON.parse(String(body))).toMatchObject({ key: CANARY });
  });

  it("leave a field out that names one which is not given", async () => {
    vendor().script = answers({ verdict: "clean" });
    await scan();
    expect(vendor().received[0]?.headers).not.toHaveProperty("x-token");
  });

  const echoes: [string, string][] = [
    ["as it is", CANARY],
    ["in JSON", JSON.stringify({ verdict: "blocked", name: CANARY })],
    [
      "in JSON with escaped slashes",
      `{"verdict":"blocked","name":${JSON.stringify(CANARY).replaceAll("/", "\\/")}}`,
    ],
    [
      "in a URL",
      JSON.stringify({ verdict: "blocked", name: `/scan?key=${encodeURIComponent(CANARY)}` }),
    ],
    [
      "in Base64",
      JSON.stringify({ verdict: "blocked", name: Buffer.from(CANARY).toString("base64") }),
    ],
    [
      "as Basic",
      JSON.stringify({
        verdict: "blocked",
        name: Buffer.from(`user:${PASSWORD}`).toString("base64"),
      }),
    ],
    ["as a password", JSON.stringify({ verdict: "blocked", name: PASSWORD })],
    ["as the id of a job", JSON.stringify({ id: `id-${CANARY}` })],
    ["as a verdict", JSON.stringify({ verdict: CANARY })],
  ];

  for (const status of [200, 400, 401, 429, 500]) {
    it.each(echoes)(`do not come back from a ${status} that echoes one %s`, async (_how, text) => {
      vendor().script = byPath({ "/scan": echo(status, text) as never });
      const verdict = await scan();
      const seen = JSON.stringify([verdict, logged]);
      for (const form of forms) {
        expect(seen).not.toContain(form);
        expect(seen).not.toContain(JSON.stringify(form).slice(1, -1));
      }
    });
  }

  it("do not come back by a job", async () => {
    vendor().script = (request, response) =>
      request.method === "POST"
        ? answers({ id: PASSWORD })(request, response)
        : answers({ done: false })(request, response);
    const { kind, job } = await scan();
    expect(kind).toBe("pending");
    expect(job).toContain("[redacted]");
  });

  it.each([
    ["a refused connection", undefined],
    [
      "a broken connection",
      (request: { socket: { destroy: () => void } }) => request.socket.destroy(),
    ],
    [
      "a redirect that carries one",
      answersStatus(302, { location: `/?key=${encodeURIComponent(CANARY)}` }),
    ],
    ["no JSON", answersText(`key ${CANARY} is wrong`)],
  ])("do not come out with %s", async (_name, script) => {
    if (script === undefined) await vendor().stop();
    else vendor().script = script as never;
    const seen = JSON.stringify([await scan(), logged]);
    for (const form of forms) expect(seen).not.toContain(form);
  });
});

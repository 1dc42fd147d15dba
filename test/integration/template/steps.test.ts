import { describe, expect, it } from "vitest";
import { answers, answersStatus } from "../../support/fake-scanner.ts";
import { entityOf } from "../../support/samples/entities.ts";
import { byPath, useVendor, within } from "./template-under-test.ts";

const MALWARE = Buffer.from("malware");

describe("the steps of a template", () => {
  const { vendor, scannerOf } = useVendor();
  const scan = async (yaml: string, params = {}) => {
    const scanner = await scannerOf(yaml, { params });
    return scanner.scan(entityOf(MALWARE), within(60_000));
  };
  const paths = () => vendor().received.map(({ method, path }) => `${method} ${path}`);

  it("ask one after the other, with what the answers before gave", async () => {
    vendor().script = byPath({
      "/files": answers({ id: 17 }),
      "/reports/17": answers({ infected: true, name: "Eicar" }),
    });
    const verdict = await scan(`
steps:
  - { name: submit, request: { method: POST, path: /files, body: { mode: Raw } }, extract: { id: res.json.id } }
  - { name: report, request: { path: "/reports/\${state.id}" } }
result: { verdict: "res.json.infected ? 'blocked' : 'clean'", threats: "[res.json.name]" }`);
    expect(paths()).toEqual(["POST /files", "GET /reports/17"]);
    expect(verdict).toMatchObject({
      kind: "blocked",
      reason: "malware",
      threats: [{ name: "Eicar" }],
    });
  });

  const lookup = `
params: { upload: { type: Boolean, default: false } }
steps:
  - name: lookup
    request: { path: "/hash/\${req.sha256}" }
    expect: res.status in [200, 404]
    done: res.status == 200
  - { name: upload, when: params.upload, request: { method: POST, path: /files, body: { mode: Raw } } }
result: { verdict: "res.status == 404 ? 'unknown' : res.json.verdict" }`;

  it("leave out the rest when one is done", async () => {
    vendor().script = answers({ verdict: "clean" });
    expect(await scan(lookup, { upload: true })).toMatchObject({ kind: "clean" });
    expect(paths()).toHaveLength(1);
  });

  it("pass over one whose condition does not hold", async () => {
    vendor().script = answersStatus(404);
    expect(await scan(lookup)).toMatchObject({ kind: "unknown" });
    expect(paths()).toHaveLength(1);
  });

  it("go on to one whose condition holds", async () => {
    vendor().script = (request, response) =>
      request.method === "GET"
        ? answersStatus(404)(request, response)
        : answers({ verdict: "suspicious" })(request, response);
    expect(await scan(lookup, { upload: true })).toMatchObject({ kind: "suspicious" });
    expect(paths()).toHaveLength(2);
  });

  it("make values before the request", async () => {
    vendor().script = answers({});
    await scan(`
steps:
  - { name: only, let: { id: "base64Url('a?b>')" }, request: { path: "/urls/\${state.id}" } }
result: { verdict: "'clean'" }`);
    expect(paths()).toEqual(["GET /urls/YT9iPg"]);
  });

  it("send no bytes where none are asked for", async () => {
    vendor().script = answers({ verdict: "clean" });
    const scanner = await scannerOf(`
steps: [{ name: lookup, request: { path: "/hash/\${req.sha256}" } }]
result: { verdict: res.json.verdict }`);
    const gone = { kind: "file" as const, path: "/nonexistent", offset: 0, length: 7 };
    const verdict = await scanner.scan({ ...entityOf(MALWARE), content: gone }, within(60_000));
    expect(verdict.kind).toBe("clean");
    expect(scanner.maxBytes).toBe(Number.POSITIVE_INFINITY);
  });

  it("end with an error that names the step, where an expression fails", async () => {
    vendor().script = answers({});
    const verdict = await scan(`
steps:
  - { name: only, request: { path: / }, extract: { id: res.json.data.id } }
result: { verdict: "'clean'" }`);
    expect(verdict).toMatchObject({ kind: "error", reason: "engine-error" });
    expect(verdict.message).toBe("only: No such key: data");
  });
});

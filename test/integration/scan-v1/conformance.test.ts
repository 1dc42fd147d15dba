import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ConformanceOptions, checkConformance } from "../../../src/scanning/index.ts";
import {
  afterUpload,
  answers,
  answersStatus,
  answersText,
  FakeScanner,
  inTurn,
  type ScannerScript,
} from "../../support/fake-scanner.ts";
import { run } from "../../unit/cli/fake-context.ts";

const clean = answers({ verdict: "clean" });

/** Keeps to the rules: what the fake scanner's scripts do is right at the path of scans only. */
const atItsPath = (script: ScannerScript): ScannerScript =>
  afterUpload((request, response) =>
    request.url === "/v1/scan" || request.url?.startsWith("/v1/scans/")
      ? script(request, response)
      : void response.writeHead(404).end(),
  );

/** Reads no body before it answers; in time for whoever sent it with its head. */
const atOnce = atItsPath(clean);

describe("the conformance suite", () => {
  let fake: FakeScanner;
  beforeEach(async () => {
    fake = await FakeScanner.start(atItsPath(clean));
  });
  afterEach(() => fake.stop());

  async function broken(options: ConformanceOptions = {}): Promise<string[]> {
    const rules: string[] = [];
    for await (const { rule, result } of checkConformance(fake.url, { heldMs: 10, ...options })) {
      if (result === "failed") rules.push(rule);
    }
    return rules;
  }

  it("has nothing against a scanner that keeps to the rules", async () => {
    expect(await broken()).toEqual([]);
  });

  it("has nothing against a scanner that is polled", async () => {
    fake.script = atItsPath(
      afterUpload((request, response) =>
        request.method === "POST"
          ? void response.writeHead(202, { location: "/v1/scans/1", "retry-after": "0" }).end()
          : clean(request, response),
      ),
    );
    expect(await broken()).toEqual([]);
  });

  it.each([
    ["gives a word of its own", answers({ verdict: "fine" }), "it says the same of the same bytes"],
    ["answers in plain text", answersText("clean", "text/plain"), "gives a verdict on an empty"],
    ["answers 500", answersStatus(500), "gives a verdict on a small entity"],
    ["changes its mind", inTurn(...changing()), "says the same of the same bytes"],
  ])("finds out one that %s", async (_name, script, rule) => {
    fake.script = atItsPath(script);
    expect((await broken()).join("\n")).toContain(rule);
  });

  it("finds out one whose info is of another protocol", async () => {
    fake.info = { protocol: "scan/v0" };
    expect(await broken()).toEqual(["GET /v1/info is a scan/v1 document, or 404"]);
  });

  it("has nothing against one that wants to see more than a beginning", async () => {
    fake.info = { protocol: "scan/v1", stages: ["headers", "preview", "full"] };
    fake.script = atItsPath(
      afterUpload((request, response) => {
        const isWhole = [undefined, "full"].includes(request.headers["scan-stage"]?.toString());
        const script = isWhole ? clean : answers({ verdict: "continue" });
        return script(request, response);
      }),
    );
    expect(await broken()).toEqual([]);
  });

  it("finds out one that names a stage and does not know it", async () => {
    fake.info = { protocol: "scan/v1", stages: ["preview"] };
    fake.script = atItsPath(
      afterUpload((request, response) => {
        const script = request.headers["scan-stage"] === "preview" ? answersStatus(500) : clean;
        return script(request, response);
      }),
    );
    expect(await broken()).toEqual([
      "it answers at each stage that it names: continue, or a verdict",
    ]);
  });

  it("finds out one that judges more than it says it takes", async () => {
    fake.info = { protocol: "scan/v1", maxBytes: 2 * 1024 * 1024 };
    expect(await broken()).toEqual(["it answers 413 or unscannable above its maxBytes"]);
  });

  it("finds out one that judges types that it rejects", async () => {
    fake.info = { protocol: "scan/v1", types: { reject: ["video/*"] } };
    expect(await broken()).toEqual(["it answers 415 or unscannable for a type that it rejects"]);
  });

  it("finds out one that takes a chunked body for an empty one", async () => {
    fake.script = (request, response) =>
      request.headers["transfer-encoding"] === undefined
        ? atOnce(request, response)
        : void response
            .writeHead(200, { "content-type": "application/json" })
            .end('{"verdict":"clean"}');
    expect(await broken({ heldMs: 20_000 })).toEqual(["it takes a chunked body, or answers 411"]);
  });

  it("finds out one that promises to need no length, and answers 411", async () => {
    fake.info = { protocol: "scan/v1", requires: { contentLength: false } };
    fake.script = atItsPath((request, response) =>
      request.headers["transfer-encoding"] === undefined
        ? clean(request, response)
        : answersStatus(411)(request, response),
    );
    expect(await broken()).toEqual(["it takes a chunked body, or answers 411"]);
  });

  it("finds out one whose epoch is another with each answer", async () => {
    const epochs = Array.from({ length: 100 }, (_, index) =>
      answers({ verdict: "clean" }, { "scan-epoch": `at ${index}` }),
    );
    fake.script = atItsPath(inTurn(...epochs));
    expect(await broken()).toEqual(["its epoch stays what it is while it says the same"]);
  });

  it("has nothing against one that takes up new signatures meanwhile", async () => {
    fake.info = { protocol: "scan/v1" };
    const old = Array.from({ length: 16 }, () =>
      answers({ verdict: "clean" }, { "scan-epoch": "1" }),
    );
    fake.script = atItsPath(inTurn(...old, answers({ verdict: "clean" }, { "scan-epoch": "2" })));
    expect(await broken()).toEqual([]);
  });

  it("finds out one that says two verdicts in its head", async () => {
    fake.script = atItsPath(
      afterUpload((_request, response) => {
        response.setHeader("scan-verdict", ["clean", "blocked"]);
        response.writeHead(200, { "content-type": "application/json" }).end('{"verdict":"clean"}');
      }),
    );
    expect((await broken()).join("\n")).toContain("gives a verdict on a small entity");
  });

  it("finds out one that lets strangers scan, where it is given a token", async () => {
    expect(await broken({ token: "t" })).toEqual(["it answers 401 or 403 to whoever has no token"]);
  });

  it("finds out one that answers everywhere", async () => {
    fake.script = clean;
    expect(await broken()).toEqual(["it answers 404 where there is nothing"]);
  });

  describe("as a command", () => {
    it("prints a line for each rule and ends with 0 when none is broken", async () => {
      const { code, stdout } = await run(["scanner-conformance", fake.url]);
      expect(code).toBe(0);
      expect(stdout).toMatch(/^ok {7}POST \/v1\/scan gives a verdict on a small entity$/m);
      expect(stdout).toMatch(/\n12 ok, 0 failed, 3 skipped\n$/);
    });

    it("says what was wrong and ends with 1 when one is broken", async () => {
      fake.script = atItsPath(answersStatus(500));
      const { code, stdout } = await run(["scanner-conformance", fake.url]);
      expect(code).toBe(1);
      expect(stdout).toMatch(/^failed {3}POST .*: it answered 500$/m);
    });

    it("prints JSON lines", async () => {
      const { stdout } = await run(["scanner-conformance", fake.url, "--json"]);
      const lines = stdout.trim().split("\n");
      expect(JSON.parse(lines[0] ?? "")).toEqual({
        rule: "GET /v1/info is a scan/v1 document, or 404",
        result: "ok",
      });
    });

    it.each([
      ["in a file", ["--token-file", "/token"], {}],
      ["in a variable", [], { SLUICE_SCANNER_TOKEN: "secret-token" }],
    ])("shows a token that it is given %s, and tells it nobody", async (_where, flags, env) => {
      fake.script = atItsPath((request, response) =>
        request.headers.authorization === "Bearer secret-token"
          ? clean(request, response)
          : answersStatus(401)(request, response),
      );
      const files = { "/token": "secret-token\n" };
      const { code, stdout, stderr } = await run(["scanner-conformance", fake.url, ...flags], {
        env,
        files,
      });
      expect([code, stderr]).toEqual([0, ""]);
      expect(stdout).toMatch(/^ok {7}it answers 401 or 403 to whoever has no token$/m);
      expect(stdout).not.toContain("secret-token");
    });

    it.each([
      ["is not there", {}, "error: /token: there is no such file"],
      ["holds no token", { "/token": "# nothing\n" }, "error: /token holds no token"],
    ])("ends with 2 when the token's file %s", async (_what, files, error) => {
      const argv = ["scanner-conformance", fake.url, "--token-file", "/token"];
      const { code, stderr } = await run(argv, { files });
      expect([code, stderr]).toEqual([2, expect.stringContaining(error)]);
    });

    it("fails every rule of a scanner that is not there", async () => {
      await fake.stop();
      const { code, stdout } = await run(["scanner-conformance", fake.url]);
      expect(code).toBe(1);
      expect(stdout).toContain("ECONNREFUSED");
    });

    it.each(["ftp://127.0.0.1", "nonsense", "http://user@127.0.0.1", "http://127.0.0.1/?a=b"])(
      "does not take %s for the URL of a scanner",
      async (url) => {
        expect((await run(["scanner-conformance", url])).code).toBe(2);
      },
    );
  });
});

/** A different word with each answer. */
function changing(): ScannerScript[] {
  return Array.from({ length: 100 }, (_, index) =>
    answers({ verdict: index % 2 === 0 ? "clean" : "unknown" }),
  );
}

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type IcapAnswer, icapField } from "../../support/icap-answer.ts";
import { icapRequest, optionsRequest } from "../../support/icap-request.ts";
import { echoService, scriptedService } from "../../support/scripted-service.ts";
import { ServerUnderTest } from "../../support/server-under-test.ts";
import { head } from "../../support/wire-text.ts";

let under: ServerUnderTest;
beforeAll(async () => {
  under = await ServerUnderTest.start({
    services: [
      echoService("/echo"),
      scriptedService({ name: "requests", path: "/req", methods: ["REQMOD"] }),
      scriptedService({ name: "responses", path: "/resp", methods: ["RESPMOD"] }),
    ],
  });
});
afterAll(() => under.close());

async function ask(request: string): Promise<IcapAnswer> {
  using connection = await under.connect();
  await connection.send(request);
  return await connection.readAnswer();
}

const optionsOf = (uri: string) => head(`OPTIONS ${uri} ICAP/1.0`, "Host: h");

describe("a known service", () => {
  it.each(["/echo", "/req", "/resp"])(
    "answers OPTIONS of %s with 200 [conformance 1, 3]",
    async (path) => {
      const answer = await ask(optionsRequest(path));
      expect(answer.status).toBe(200);
      expect(icapField(answer, "methods")).toMatch(/MOD/);
    },
  );

  it.each([
    ["/resp", "REQMOD"],
    ["/req", "RESPMOD"],
  ] as const)(
    "%s answers %s, which it does not offer, with 405 [conformance 6]",
    async (path, method) => {
      const answer = await ask(icapRequest({ method, path, body: "hello" }));
      expect([answer.status, answer.reason]).toEqual([405, "Method Not Allowed For Service"]);
    },
  );

  it("reads away the body of a method that it does not offer [conformance 6]", async () => {
    using connection = await under.connect();
    const refused = icapRequest({ method: "REQMOD", path: "/resp", body: "a".repeat(100_000) });
    await connection.send(refused + optionsRequest("/echo"));
    expect((await connection.readAnswer()).status).toBe(405);
    expect((await connection.readAnswer()).status).toBe(200);
  });

  it.each([
    "ICAP://LOCALHOST:1344/echo",
    "icaps://h:11344/echo",
    "icap://h/echo",
    "icap://h:/echo",
    "icap://[2001:db8::1]:1344/echo",
    "icap://user:secret@h/echo",
    "icap://h/echo?mode=a&lang=b",
    "icap://h/echo?a=1;b=2",
    "icap://h/echo/",
    "icap://h//echo",
    "icap://h/%65cho",
  ])("is found by %s [conformance 17, 18, 19, 20, 21, 22, 23]", async (uri) => {
    expect((await ask(optionsOf(uri))).status).toBe(200);
  });

  it("shows the user information of its URI nowhere [conformance 21]", async () => {
    await ask(optionsOf("icap://user:hunter2@h/echo"));
    await ask(optionsOf("http://user:hunter2@h/echo"));
    expect(JSON.stringify([under.records, under.logs])).not.toContain("hunter2");
  });
});

describe("an unknown service", () => {
  it.each([
    ["OPTIONS", optionsRequest("/nowhere")],
    ["REQMOD", icapRequest({ method: "REQMOD", path: "/nowhere", body: "x" })],
    ["RESPMOD", icapRequest({ method: "RESPMOD", path: "/nowhere", body: "x" })],
    ["REQMOD without a body", icapRequest({ method: "REQMOD", path: "/nowhere" })],
    [
      "RESPMOD with a preview",
      icapRequest({ method: "RESPMOD", path: "/nowhere", fields: ["Preview: 4"], body: "x" }),
    ],
  ])("answers %s with 404 and a tag [conformance 7, 123]", async (_method, request) => {
    const answer = await ask(request);
    expect([answer.status, answer.reason]).toEqual([404, "ICAP Service not found"]);
    expect(icapField(answer, "istag")).toMatch(/^".+"$/);
  });

  it("leaves the connection to a request for a known one [conformance 8]", async () => {
    using connection = await under.connect();
    await connection.send(optionsRequest("/nowhere"));
    await connection.readAnswer();
    await connection.send(optionsRequest("/echo"));
    expect((await connection.readAnswer()).status).toBe(200);
  });

  it.each(["icap://h", "icap://h/", "icap://h?a=1", "icap://h/Echo", "icap://h/echo/more"])(
    "is what %s names [conformance 24]",
    async (uri) => {
      expect((await ask(optionsOf(uri))).status).toBe(404);
    },
  );
});

describe("an unknown method", () => {
  it("is 501, and the connection goes on [conformance 2, 4, 5]", async () => {
    using connection = await under.connect();
    for (const method of ["FOOMOD", "options", "OPTIONSX"]) {
      await connection.send(head(`${method} icap://h/echo ICAP/1.0`));
      expect((await connection.readAnswer()).status).toBe(501);
    }
    await connection.send(optionsRequest("/echo"));
    expect((await connection.readAnswer()).status).toBe(200);
  });
});

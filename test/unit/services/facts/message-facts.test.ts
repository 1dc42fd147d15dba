import { describe, expect, it } from "vitest";
import type { IcapRequest } from "../../../../src/protocol/index.ts";
import { entityFromHeads, MessageFacts } from "../../../../src/services/facts/message-facts.ts";
import { Message } from "../../../../src/services/index.ts";
import { head } from "../../../support/wire-text.ts";

interface Told {
  readonly method?: "REQMOD" | "RESPMOD";
  readonly icap?: readonly string[];
  readonly request?: readonly [line: string, ...fields: string[]] | undefined;
  readonly response?: readonly [line: string, ...fields: string[]];
  readonly firstBytes?: string;
}

const GET = ["GET http://Files.Example.:8080/a/Report.PDF?x=1 HTTP/1.1"] as const;

function messageOf(told: Told): Message {
  const { method = "RESPMOD", icap = [], request = GET, response } = told;
  const icapRequest: IcapRequest = {
    method,
    uri: { path: "/scan", query: "" },
    fields: icap,
    encapsulated: { requestHeadBytes: 1, responseHeadBytes: 1, body: "res-body" },
    previewBytes: -1,
    allows204: true,
    allows206: false,
    closes: false,
  };
  const requestHead = "request" in told && told.request === undefined ? "" : head(...request);
  return new Message(icapRequest, requestHead, response === undefined ? "" : head(...response));
}

function factsOf(told: Told): MessageFacts {
  const message = messageOf(told);
  const bytes = told.firstBytes === undefined ? undefined : Buffer.from(told.firstBytes, "latin1");
  return new MessageFacts(message, {
    peer: "192.0.2.1",
    service: { name: "scan", namespace: "default", path: "/scan", method: "RESPMOD" },
    entity: entityFromHeads(message, bytes),
  });
}

describe("what rules see of the request", () => {
  it("is its line, and the parts of its URL in the form that rules compare", () => {
    const { request } = factsOf({});
    expect({
      method: request.method,
      url: request.url,
      scheme: request.scheme,
      host: request.host,
      port: request.port,
      path: request.path,
      query: request.query,
      extension: request.extension,
      version: request.version,
    }).toEqual({
      method: "GET",
      url: "http://Files.Example.:8080/a/Report.PDF?x=1",
      scheme: "http",
      host: "files.example",
      port: 8080,
      path: "/a/Report.PDF",
      query: "x=1",
      extension: "pdf",
      version: "HTTP/1.1",
    });
  });

  it.each([
    ["http", "GET http://a.example/ HTTP/1.1", 80],
    ["https", "CONNECT a.example:443 HTTP/1.1", 443],
    ["ftp", "GET ftp://a.example/ HTTP/1.1", 21],
    ["a scheme without a port of its own", "GET x://a.example/ HTTP/1.1", 0],
  ])("has the port that the scheme means where none is said: %s", (_name, line, port) => {
    expect(factsOf({ request: [line] }).request.port).toBe(port);
  });

  it("is empty where there is no request", () => {
    const { request } = factsOf({ request: undefined, response: ["HTTP/1.1 200 OK"] });
    const { method, url, scheme, host, port, path, query, version } = request;
    expect([method, url, scheme, host, path, query, version]).toEqual(Array(7).fill(""));
    expect(port).toBe(0);
  });

  it("has its fields by lower-case name, repeated ones joined", () => {
    const { headers } = factsOf({ request: [...GET, "X-A: 1", "x-a: 2", "Accept: */*"] }).request;
    expect([headers.get("x-a"), headers.get("accept")]).toEqual(["1, 2", "*/*"]);
  });

  it.each([
    ["/archive.tar.GZ", "gz"],
    ["/.profile", ""],
    ["/folder.d/file", ""],
    ["/", ""],
  ])("has the extension of the last segment: %s", (path, extension) => {
    const request = [`GET http://a.example${path} HTTP/1.1`] as const;
    expect(factsOf({ request }).request.extension).toBe(extension);
  });
});

describe("what rules see of the response", () => {
  it("is its status, version and fields", () => {
    const { response } = factsOf({ response: ["HTTP/1.0 404 Not Found", "Server: x"] });
    expect([response.status, response.version, response.headers.get("server")]).toEqual([
      404,
      "HTTP/1.0",
      "x",
    ]);
  });

  it("is nothing where there is none yet", () => {
    const { response } = factsOf({ method: "REQMOD" });
    expect([response.status, response.version]).toEqual([0, ""]);
  });
});

describe("what rules see of the client", () => {
  it("is who the proxy says it is, and the proxy itself", () => {
    const icap = [
      ...["X-Client-IP", "10.1.2.3"],
      ...["X-Authenticated-User", Buffer.from("Local://ada").toString("base64")],
    ];
    const { client } = factsOf({ icap });
    expect([client.ip, client.peer]).toEqual(["10.1.2.3", "192.0.2.1"]);
    expect(client.user).toContain("ada");
  });

  it("is empty where the proxy says nothing", () => {
    const { ip, user, groups } = factsOf({}).client;
    expect([ip, user, [...groups]]).toEqual(["", "", []]);
  });
});

describe("what rules see of the entity", () => {
  const response = (...fields: string[]) => ["HTTP/1.1 200 OK", ...fields] as const;

  it("is what its heads declare and its first bytes show", () => {
    const { entity } = factsOf({
      response: response(
        "Content-Type: Text/Plain; charset=x",
        "Content-Length: 9",
        'Content-Disposition: attachment; filename="Setup.EXE"',
      ),
      firstBytes: "%PDF-1.7\n",
    });
    expect({
      type: entity.type,
      declaredType: entity.declaredType,
      typeMismatch: entity.typeMismatch,
      size: entity.size,
      fileName: entity.fileName,
      extension: entity.extension,
    }).toEqual({
      type: "application/pdf",
      declaredType: "text/plain",
      typeMismatch: true,
      size: 9,
      fileName: "Setup.EXE",
      extension: "exe",
    });
  });

  it("has the name of the URL where no field names it, of a response only", () => {
    expect(factsOf({ response: response() }).entity.fileName).toBe("Report.PDF");
    expect(factsOf({ method: "REQMOD" }).entity.fileName).toBe("");
  });

  it("is unknown before its first bytes", () => {
    const { type, declaredType, size } = factsOf({ response: response() }).entity;
    expect([type, declaredType, size]).toEqual(["", "", -1]);
  });

  it.each(["x", "-1", "1e3", "9".repeat(16)])("has no size of a length such as %s", (length) => {
    const told = { response: response(`Content-Length: ${length}`) };
    expect(factsOf(told).entity.size).toBe(-1);
  });
});

it("is one moment for all rules of a message", () => {
  const facts = factsOf({});
  expect(facts.now).toBe(facts.now);
});

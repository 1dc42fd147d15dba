import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Scanner } from "../../../src/scanning/index.ts";
import { errorVerdict } from "../../../src/scanning/index.ts";
import { type IcapAnswer, icapField } from "../../support/icap-answer.ts";
import { icapRequest, optionsRequest } from "../../support/icap-request.ts";
import { type ScanServiceChanges, scannerOf, startScanning } from "../../support/scan-service.ts";
import type { ServerUnderTest } from "../../support/server-under-test.ts";
import { Sluice } from "../../support/sluice.ts";

async function ask(
  port: { connect: ServerUnderTest["connect"] },
  request: string,
): Promise<IcapAnswer> {
  using connection = await port.connect();
  await connection.send(request);
  return await connection.readAnswer();
}

const paths = ["/scan", "/scan/reqmod", "/scan/respmod", "/echo", "/echo/reqmod", "/echo/respmod"];

describe("the options of the built-in services", () => {
  let sluice: Sluice;
  const answers = new Map<string, IcapAnswer>();
  const field = (path: string, name: string) => icapField(answers.get(path) as IcapAnswer, name);
  beforeAll(async () => {
    sluice = await Sluice.start({ flags: ["--no-log-transactions"] });
    for (const path of paths) answers.set(path, await ask(sluice, optionsRequest(path)));
  }, 60_000);
  afterAll(() => sluice.stop());

  it.each(paths)("%s come with 200 and nothing encapsulated [conformance 1, 131, 141]", (path) => {
    const answer = answers.get(path);
    expect([answer?.status, answer?.sections]).toEqual([200, [["null-body", 0]]]);
  });

  it.each([
    ["/scan", "REQMOD, RESPMOD"],
    ["/scan/reqmod", "REQMOD"],
    ["/scan/respmod", "RESPMOD"],
    ["/echo", "REQMOD, RESPMOD"],
    ["/echo/reqmod", "REQMOD"],
    ["/echo/respmod", "RESPMOD"],
  ])(
    "%s name the methods %s: a path for each beside one for both [conformance 129, 130]",
    (path, methods) => {
      expect(field(path, "methods")).toBe(methods);
    },
  );

  it.each(paths)("%s name the service in a line [conformance 132]", (path) => {
    expect(field(path, "service")).toMatch(/^[\x20-\x7e]{1,80}$/);
    expect(field(path, "service-id")).toMatch(/^[a-z0-9-]{1,40}$/);
  });

  it.each(paths)("%s say how many connections one client may hold [conformance 133]", (path) => {
    expect(Number(field(path, "max-connections"))).toBeGreaterThan(0);
  });

  it.each(paths)("%s may be kept for five minutes to an hour [conformance 134]", (path) => {
    const seconds = Number(field(path, "options-ttl"));
    expect(seconds).toBeGreaterThanOrEqual(300);
    expect(seconds).toBeLessThanOrEqual(3600);
  });

  it.each(paths)("%s carry the date of HTTP [conformance 135]", (path) => {
    const date = field(path, "date") ?? "";
    expect(new Date(date).toUTCString()).toBe(date);
  });

  it("want a preview of everything that is scanned, of 1 to 4 KiB [conformance 115, 136, 138]", () => {
    expect(field("/scan", "preview")).toMatch(/^\d+$/);
    expect(Number(field("/scan", "preview"))).toBeGreaterThanOrEqual(1024);
    expect(Number(field("/scan", "preview"))).toBeLessThanOrEqual(4096);
    const transfers = answers.get("/scan")?.fields.filter(([name]) => name.startsWith("Transfer-"));
    expect(transfers).toEqual([["Transfer-Preview", "*"]]);
  });

  it.each(paths)("%s have no body, and so no type of one [conformance 137]", (path) => {
    expect(field(path, "opt-body-type")).toBeUndefined();
  });

  it.each(paths)(
    "%s allow 204 and, since nothing is modified, not 206 [conformance 116]",
    (path) => {
      expect(field(path, "allow")).toBe("204");
    },
  );

  it("ask for identities where they are logged, and only there [conformance 139]", async () => {
    expect(field("/scan", "x-include")).toBeUndefined();
    await using logging = await Sluice.start({ flags: ["--services-log-identity"] });
    expect(icapField(await ask(logging, optionsRequest("/scan")), "x-include")).toBe(
      "X-Client-IP, X-Server-IP, X-Authenticated-User, X-Authenticated-Groups",
    );
  }, 60_000);

  it.each(paths)("%s carry a tag in quotes, of at most 32 bytes [conformance 124]", (path) => {
    expect(field(path, "istag")).toMatch(/^"[\x21\x23-\x7e]{1,32}"$/);
  });

  it("carry the tag that a server of the same kind has [conformance 125]", async () => {
    await using other = await Sluice.start({ flags: ["--no-log-transactions"] });
    for (const path of paths) {
      const tag = icapField(await ask(other, optionsRequest(path)), "istag");
      expect([path, tag]).toEqual([path, field(path, "istag")]);
    }
  }, 60_000);
});

/** A scanner whose signatures the test can update. */
function updatable(): Scanner & { epoch: string } {
  return { ...scannerOf({ kind: "clean", threats: [] }), epoch: "signatures of Monday" };
}
const tagOf = async (under: ServerUnderTest, path: string) =>
  icapField(await ask(under, optionsRequest(path)), "istag");

describe("the tag of a service", () => {
  it("is the same in all of its answers [conformance 123, 128]", async () => {
    await using under = await startScanning([{ scanner: updatable() }]);
    const tag = await tagOf(under, "/scan");
    const requests = [
      icapRequest({ method: "REQMOD", path: "/scan", fields: ["Allow: 204"], body: "x" }),
      icapRequest({ method: "RESPMOD", path: "/scan", body: "x" }),
      icapRequest({ method: "REQMOD", path: "/scan" }),
    ];
    for (const request of requests) {
      expect(icapField(await ask(under, request), "istag")).toBe(tag);
    }
  });

  it("changes with the signatures of its scanner [conformance 126]", async () => {
    const scanner = updatable();
    await using under = await startScanning([{ scanner }]);
    const before = await tagOf(under, "/scan");
    scanner.epoch = "signatures of Tuesday";
    expect(await tagOf(under, "/scan")).not.toBe(before);
  });

  it("changes with its configuration [conformance 126]", async () => {
    const scanner = updatable();
    await using before = await startScanning([{ scanner, generation: "1" }]);
    await using after = await startScanning([{ scanner, generation: "2" }]);
    expect(await tagOf(after, "/scan")).not.toBe(await tagOf(before, "/scan"));
  });

  it("stays when another service changes [conformance 127]", async () => {
    const changing = updatable();
    await using under = await startScanning([
      { scanner: updatable(), path: "/one" },
      { scanner: changing, path: "/other", generation: "2" },
    ]);
    const before = await tagOf(under, "/one");
    changing.epoch = "signatures of Tuesday";
    expect(await tagOf(under, "/one")).toBe(before);
  });

  it("is quoted and of at most 32 bytes, whatever the epoch [conformance 124]", async () => {
    const scanner = updatable();
    scanner.epoch = '"\r\n\0'.repeat(100);
    await using under = await startScanning([{ scanner }]);
    expect(await tagOf(under, "/scan")).toMatch(/^"[\x21\x23-\x7e]{1,32}"$/);
  });
});

describe("the options of a service", () => {
  const optionsWith = async (changes: ScanServiceChanges) => {
    await using under = await startScanning([changes]);
    return await ask(under, optionsRequest("/scan"));
  };

  it("have no preview where it wants none [conformance 138]", async () => {
    const answer = await optionsWith({ previewBytes: undefined });
    expect(icapField(answer, "preview")).toBeUndefined();
    expect(icapField(answer, "transfer-preview")).toBeUndefined();
  });

  it("never say 0 connections, which Squid warns of [conformance 133]", async () => {
    expect(icapField(await optionsWith({ maxConnections: 0 }), "max-connections")).toBe("1");
  });

  it("allow 204 first and 206 where it modifies [conformance 116]", async () => {
    expect(icapField(await optionsWith({ partial: true }), "allow")).toBe("204, 206");
  });

  const ruled = (when: string): ScanServiceChanges => ({
    rules: [{ name: "rule", when, action: "Skip" }],
  });

  it.each<[string, ScanServiceChanges]>([
    ["nothing reads one", {}],
    ["a rule has the word in a text", ruled('request.path == "client.user"')],
    ["a rule has the word in a comment", ruled('request.path == "/" // client.user')],
    ["a rule has the word as the name of a field", ruled('request.header("client") == "x"')],
    ["a rule asks for the ICAP client's own address", ruled('client.peer == "192.0.2.1"')],
  ])("ask for no identity where %s [conformance 139]", async (_what, changes) => {
    expect(icapField(await optionsWith(changes), "x-include")).toBeUndefined();
  });

  it.each<[string, ScanServiceChanges]>([
    ["the log tells of it", { recordsIdentity: true }],
    ["scanners are told of it", { sharesIdentity: true }],
    ["a rule asks for the address", ruled('client . ip == "192.0.2.1"')],
    ["a rule asks for the user", ruled('client\n.user == "ada"')],
    ["a rule asks for groups", ruled('client.groups.exists(name, name == "staff")')],
  ])("ask for an identity where %s [conformance 139]", async (_what, changes) => {
    expect(icapField(await optionsWith(changes), "x-include")).toContain("X-Authenticated-User");
  });

  it("come with 200 while its scanner is down [conformance 140]", async () => {
    const scanner = scannerOf(errorVerdict("engine-error", "down"));
    expect((await optionsWith({ scanner })).status).toBe(200);
  });

  it("come in a head of less than 8 KiB [conformance 193]", async () => {
    expect((await optionsWith({})).raw.length).toBeLessThan(8192);
  });

  it("are the same when the client sends a body for them [conformance 70]", async () => {
    await using under = await startScanning([{}]);
    using connection = await under.connect();
    const request =
      "OPTIONS icap://h/scan ICAP/1.0\r\nEncapsulated: opt-body=0\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    await connection.send(request + optionsRequest("/scan"));
    expect((await connection.readAnswer()).status).toBe(200);
    expect((await connection.readAnswer()).status).toBe(200);
  });
});

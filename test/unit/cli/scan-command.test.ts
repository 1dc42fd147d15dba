import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Script, ScriptedServer } from "../client/scripted-server.ts";
import { run } from "./fake-context.ts";

const OPTIONS =
  'ICAP/1.0 200 OK\r\nMethods: RESPMOD\r\nISTag: "t"\r\nPreview: 4\r\nService: Fake\r\nEncapsulated: null-body=0\r\n\r\n';
const CLEAN = "ICAP/1.0 204 No Content\r\nEncapsulated: null-body=0\r\n\r\n";
const INFECTED =
  "ICAP/1.0 204 No Content\r\nX-Infection-Found: Type=0; Resolution=2; Threat=Bad\r\n\tThing;\r\nEncapsulated: null-body=0\r\n\r\n";

/** Answers OPTIONS, then each body with the next of the answers. */
const serving =
  (options: string, ...answers: readonly string[]): Script =>
  async (peer) => {
    await peer.receiveRequest();
    peer.send(options);
    for (const answer of answers) {
      await peer.receiveRequest();
      peer.send(answer);
    }
  };

describe("sluice scan", () => {
  let directory: string;
  const file = (name: string): string => join(directory, name);

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "sluice-scan-"));
    writeFileSync(file("small"), "abc");
    writeFileSync(file("empty"), "");
  });

  afterAll(() => rmSync(directory, { recursive: true }));

  const scan = (server: ScriptedServer, ...argv: readonly string[]) =>
    run(["scan", "--service", server.url.uri, ...argv]);

  it("prints a line for each file and means 0 when all are clean", async () => {
    await using server = await ScriptedServer.start(serving(OPTIONS, CLEAN, CLEAN));
    const { code, stdout } = await scan(server, file("small"), file("empty"));
    expect([code, stdout]).toEqual([0, `clean     ${file("small")}\nclean     ${file("empty")}\n`]);
  });

  it("means 1 when a file was blocked, also beside errors", async () => {
    await using server = await ScriptedServer.start(serving(OPTIONS, INFECTED));
    const { code, stdout } = await scan(server, file("small"), file("gone"));
    expect([code, stdout]).toEqual([
      1,
      `blocked   ${file("small")}: Bad Thing\nerror     ${file("gone")}: no such file\n`,
    ]);
  });

  it("means 2 when a file could not be scanned", async () => {
    await using server = await ScriptedServer.start(serving(OPTIONS, CLEAN));
    const { code, stdout } = await scan(server, directory, file("small"));
    expect([code, stdout.split("\n")[0]]).toEqual([
      2,
      `error     ${directory}: is a directory; name the files in it`,
    ]);
  });

  it("prints JSON when asked to", async () => {
    await using server = await ScriptedServer.start(serving(OPTIONS, INFECTED));
    const { stdout } = await scan(server, "--json", file("small"));
    expect(JSON.parse(stdout)).toEqual({
      file: file("small"),
      result: "blocked",
      detail: "Bad Thing",
    });
  });

  it("scans standard input", async () => {
    await using server = await ScriptedServer.start(serving(OPTIONS, CLEAN));
    const stdin = (async function* () {
      yield Buffer.from("abc");
    })();
    const { stdout } = await run(["scan", "--service", server.url.uri, "-"], { stdin });
    expect(stdout).toBe("clean     -\n");
  });

  it("sends the EICAR test file as it is defined", async () => {
    let received = "";
    await using server = await ScriptedServer.start(async (peer) => {
      await peer.receiveRequest();
      peer.send(OPTIONS.replace("Preview: 4\r\n", ""));
      received = await peer.receive("0\r\n\r\n");
      peer.send(INFECTED);
    });
    const { code, stdout } = await scan(server, "--eicar");
    const body = /\r\n44\r\n(.{68})\r\n0\r\n\r\n$/.exec(received)?.[1];
    expect([code, stdout, body?.slice(0, 3), body?.slice(-4)]).toEqual([
      1,
      "blocked   eicar.com: Bad Thing\n",
      "X5O",
      "H+H*",
    ]);
  });

  it("takes a file that comes back unchanged for clean", async () => {
    const content = randomBytes(3).toString("hex").slice(0, 3);
    writeFileSync(file("echoed"), content);
    const httpHead = "HTTP/1.1 200 OK\r\n\r\n";
    const echo = `ICAP/1.0 200 OK\r\nEncapsulated: res-hdr=0, res-body=${httpHead.length}\r\n\r\n${httpHead}3\r\n${content}\r\n0\r\n\r\n`;
    await using server = await ScriptedServer.start(serving(OPTIONS, echo));
    expect((await scan(server, file("echoed"))).stdout).toBe(`clean     ${file("echoed")}\n`);
  });

  it("uploads where a service takes requests only", async () => {
    let received = "";
    await using server = await ScriptedServer.start(async (peer) => {
      await peer.receiveRequest();
      peer.send(OPTIONS.replace("RESPMOD", "REQMOD"));
      received = await peer.receive("ieof\r\n\r\n");
      peer.send(CLEAN);
    });
    await scan(server, file("small"));
    expect(received).toMatch(/^REQMOD .*\r\n\r\nPUT http:\/\/scan\.invalid\/small HTTP\/1\.1\r\n/s);
  });

  it("cannot be made to print control characters", async () => {
    const answer = INFECTED.replace("Bad", "\x1b[2J");
    await using server = await ScriptedServer.start(serving(OPTIONS, answer));
    expect((await scan(server, file("small"))).stdout).toContain(": ?[2J Thing\n");
  });

  it("goes on with the next file when the server breaks off", async () => {
    const breakOff: Script = async (peer) => {
      await serving(OPTIONS)(peer);
      await peer.receiveRequest();
      peer.socket.end();
    };
    const second: Script = async (peer) => {
      await peer.receiveRequest();
      peer.send(CLEAN);
    };
    await using server = await ScriptedServer.start(breakOff, second);
    const { code, stdout } = await scan(server, file("small"), file("empty"));
    expect([code, stdout.split("\n").map((line) => line.slice(0, 6))]).toEqual([
      2,
      ["error ", "clean ", ""],
    ]);
  });

  it("says what is wrong with a service that is not there", async () => {
    const notFound = "ICAP/1.0 404 ICAP Service not found\r\nEncapsulated: null-body=0\r\n\r\n";
    await using server = await ScriptedServer.start(serving(notFound));
    const { code, stdout, stderr } = await scan(server, file("small"));
    expect([code, stdout, stderr]).toEqual([
      2,
      "",
      `error: ${server.url.uri}: the server answered ICAP 404 ICAP Service not found\n`,
    ]);
  });

  it("says what is wrong with a service that does nothing", async () => {
    await using server = await ScriptedServer.start(serving(OPTIONS.replace("RESPMOD", "")));
    const { code, stderr } = await scan(server, file("small"));
    expect([code, stderr]).toEqual([2, `error: ${server.url.uri}: the service offers no method\n`]);
  });

  it("wants something to scan", async () => {
    const { code, stderr } = await run(["scan"]);
    expect([code, stderr]).toEqual([
      2,
      "error: nothing to scan: name files, - for standard input, or --eicar\n",
    ]);
  });

  it("says which authority file it cannot read", async () => {
    const { code, stderr } = await run(["scan", "--tls-ca", file("no.pem"), "x"]);
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/^error: option '--tls-ca <file>'.*ENOENT/),
    ]);
  });
});

describe("sluice probe", () => {
  it("prints what a service says of itself and means 0", async () => {
    await using server = await ScriptedServer.start(serving(OPTIONS));
    const { code, stdout } = await run(["probe", server.url.uri]);
    expect([code, stdout]).toEqual([
      0,
      `${server.url.uri} answered ICAP 200 OK\n` +
        '  service      Fake\n  methods      RESPMOD\n  istag        "t"\n  preview      4 bytes\n  allows 204   no\n',
    ]);
  });

  it("prints JSON when asked to", async () => {
    const more = OPTIONS.replace(
      "Preview: 4",
      "Allow: 204\r\nOptions-TTL: 60\r\nMax-Connections: 9",
    );
    await using server = await ScriptedServer.start(serving(more));
    const { stdout } = await run(["probe", "--json", server.url.uri]);
    expect(JSON.parse(stdout)).toEqual({
      url: server.url.uri,
      status: 200,
      reason: "OK",
      methods: ["RESPMOD"],
      istag: '"t"',
      service: "Fake",
      maxConnections: 9,
      optionsTtlSeconds: 60,
      allows204: true,
    });
  });

  it("shows terms that are there", async () => {
    const more = OPTIONS.replace("Preview: 4", "Allow: 204\r\nOptions-TTL: 60");
    await using server = await ScriptedServer.start(serving(more));
    const { stdout } = await run(["probe", server.url.uri]);
    expect(stdout).toContain("  preview      none\n  allows 204   yes\n  ttl          60 s\n");
  });

  it("means 1 when the answer is not 200", async () => {
    await using server = await ScriptedServer.start(serving(OPTIONS.replace("200 OK", "503 Busy")));
    const { code, stdout } = await run(["probe", server.url.uri]);
    expect([code, stdout]).toEqual([1, `${server.url.uri} answered ICAP 503 Busy\n`]);
  });

  it("means 1 when nobody answers in time", async () => {
    await using server = await ScriptedServer.start(() => new Promise(() => {}));
    const { code, stderr } = await run(["probe", "--timeout", "20ms", server.url.uri]);
    expect([code, stderr]).toEqual([1, `error: ${server.url.authority}: was silent for 0.02 s\n`]);
  });
});

import { expect, it } from "vitest";
import { optionsRequest } from "../../support/icap-request.ts";
import { echoService } from "../../support/scripted-service.ts";
import { type ServerChanges, ServerUnderTest } from "../../support/server-under-test.ts";

const options = optionsRequest("/echo");
const services = [echoService()];

function start(server: ServerChanges = {}): Promise<ServerUnderTest> {
  return ServerUnderTest.start({
    services,
    server: { trustedProxies: ["127.0.0.0/8"], ...server },
  });
}

function version2(family: number, addresses: Buffer, command = 1): Buffer {
  const head = Buffer.from("\r\n\r\n\0\r\nQUIT\n\0\0\0\0", "latin1");
  head[12] = 0x20 | command;
  head[13] = family;
  head.writeUInt16BE(addresses.length, 14);
  return Buffer.concat([head, addresses]);
}

const ports = Buffer.from([0x10, 0, 0x05, 0x40]);
const v4 = Buffer.concat([Buffer.from([192, 0, 2, 7, 127, 0, 0, 1]), ports]);
const v6 = Buffer.concat([
  Buffer.from("20010db8000000000000000000000007", "hex"),
  Buffer.alloc(16),
  ports,
]);
const mapped = Buffer.concat([
  Buffer.from("00000000000000000000ffffc0000207", "hex"),
  Buffer.alloc(16),
  ports,
]);
const tlv = Buffer.from([0x04, 0, 3, 1, 2, 3]);

const prefaces: [string, string | Buffer, string][] = [
  ["version 1, IPv4", "PROXY TCP4 192.0.2.7 127.0.0.1 4096 1344\r\n", "192.0.2.7"],
  ["version 1, IPv6", "PROXY TCP6 2001:DB8:0::7 ::1 4096 1344\r\n", "2001:db8::7"],
  ["version 1, mapped", "PROXY TCP6 ::ffff:192.0.2.7 ::1 4096 1344\r\n", "192.0.2.7"],
  ["version 1, UNKNOWN", "PROXY UNKNOWN\r\n", "127.0.0.1"],
  ["version 1, UNKNOWN with addresses", "PROXY UNKNOWN ff:: ff:: 1 2\r\n", "127.0.0.1"],
  ["version 2, IPv4", version2(0x11, v4), "192.0.2.7"],
  ["version 2, IPv6", version2(0x21, v6), "2001:db8::7"],
  ["version 2, mapped", version2(0x21, mapped), "192.0.2.7"],
  ["version 2 with further facts", version2(0x11, Buffer.concat([v4, tlv])), "192.0.2.7"],
  ["version 2, LOCAL", version2(0, Buffer.alloc(0), 0), "127.0.0.1"],
  ["version 2, unspecified family", version2(0, Buffer.alloc(0)), "127.0.0.1"],
];

it.each(prefaces)(
  "takes the client's address from a trusted proxy: %s [conformance 153]",
  async (_, preface, peer) => {
    await using under = await start();
    using connection = await under.connect();
    await connection.send(Buffer.concat([Buffer.from(preface), Buffer.from(options)]));
    expect((await connection.readAnswer()).status).toBe(200);
    expect(under.records).toMatchObject([{ peer }]);
  },
);

it.each(prefaces)("takes a preface byte by byte: %s", async (_, preface, peer) => {
  await using under = await start();
  using connection = await under.connect();
  for (const byte of Buffer.from(preface)) await connection.send(Buffer.from([byte]));
  await connection.send(options);
  expect((await connection.readAnswer()).status).toBe(200);
  expect(under.records).toMatchObject([{ peer }]);
});

it.each<[string, string | Buffer]>([
  ["no preface", options],
  ["no address", "PROXY TCP4 client server 1 2\r\n"],
  ["an address of the other family", "PROXY TCP4 ::1 ::1 1 2\r\n"],
  ["a line without its end", `PROXY TCP4 ${"1".repeat(200)}`],
  ["another version", Buffer.concat([version2(0x11, v4).fill(0x31, 12, 13)])],
  ["an unknown command", version2(0x11, v4, 7)],
  ["a block too short for its family", version2(0x21, v4)],
  ["a length beyond all measure", version2(0x11, Buffer.alloc(5000))],
])(
  "closes a trusted proxy's connection with %s, and counts it [conformance 153]",
  async (_, preface) => {
    await using under = await start();
    using connection = await under.connect();
    await connection.send(preface);
    await connection.expectEnd();
    expect(under.metrics.refused).toEqual(["proxy-protocol"]);
    expect(under.records).toEqual([]);
  },
);

it("closes a connection whose preface does not come in time", async () => {
  await using under = await start({ timeouts: { headTimeoutMs: 60 } });
  using connection = await under.connect();
  await connection.send("PROXY TCP4 ");
  await connection.expectEnd();
});

it.each<[string, string | Buffer]>([
  ["version 1", "PROXY TCP4 192.0.2.7 127.0.0.1 1 2\r\n"],
  ["version 2", version2(0x11, v4)],
])(
  "answers 400 to a preface of a peer that is not trusted: %s [conformance 154]",
  async (_, preface) => {
    await using under = await start({ trustedProxies: ["10.0.0.0/8"] });
    using connection = await under.connect();
    await connection.send(preface);
    await connection.send(options).catch(() => {});
    expect((await connection.readAnswer()).status).toBe(400);
    await connection.expectEnd();
  },
);

it("trusts an IPv4 proxy on a listener for all addresses", async () => {
  await using under = await start({ icap: [{ host: undefined, port: 0 }] });
  using connection = await under.connect();
  await connection.send("PROXY TCP4 192.0.2.7 127.0.0.1 1 2\r\n", options);
  await connection.readAnswer();
  expect(under.records).toMatchObject([{ peer: "192.0.2.7" }]);
});

it("counts connections for the client behind the proxy, however its address is written", async () => {
  await using under = await start({ limits: { maxConnectionsPerClient: 1 } });
  using first = await under.connect();
  await first.send("PROXY TCP4 192.0.2.7 127.0.0.1 1 2\r\n", options);
  expect((await first.readAnswer()).status).toBe(200);
  using second = await under.connect();
  await second.send("PROXY TCP6 ::ffff:192.0.2.7 ::1 1 2\r\n", options);
  expect((await second.readAnswer()).status).toBe(503);
  using third = await under.connect();
  await third.send("PROXY TCP4 192.0.2.8 127.0.0.1 1 2\r\n", options);
  expect((await third.readAnswer()).status).toBe(200);
});

import { describe, expect, it } from "vitest";
import { ERRORS, type ErrorCode, REASON_PHRASES } from "../../../src/protocol/index.ts";
import { errorVerdict } from "../../../src/scanning/index.ts";
import type { Service } from "../../../src/services/index.ts";
import { type IcapAnswer, icapField } from "../../support/icap-answer.ts";
import type { IcapConnection } from "../../support/icap-connection.ts";
import { icapHead, icapRequest, optionsRequest } from "../../support/icap-request.ts";
import { type ScanServiceChanges, scannerOf, startScanning } from "../../support/scan-service.ts";
import { echoService, scriptedService } from "../../support/scripted-service.ts";
import { type ServerChanges, ServerUnderTest } from "../../support/server-under-test.ts";

/** How to make a server answer with an error. */
interface Provocation {
  readonly sends: string;
  readonly server?: ServerChanges;
  readonly services?: readonly Service[];
  readonly scan?: ScanServiceChanges;
  /** What else it takes once the bytes are on their way. */
  readonly meanwhile?: (under: ServerUnderTest) => Promise<void>;
}

const line = "RESPMOD icap://h/echo ICAP/1.0\r\n";
const scan = icapRequest({ method: "RESPMOD", path: "/scan", body: "x" });
const clean: ScanServiceChanges = { scanner: scannerOf({ kind: "clean", threats: [] }) };
const storage = {
  clientProfile: "Storage",
  on: { error: "Error", timeout: "Error" },
} as const satisfies ScanServiceChanges;

/** Each error of the registry, provoked on the wire: a new one does not compile without its line. */
const provocations: Readonly<Record<ErrorCode, Provocation>> = {
  ICAP_ERR_REQUEST_LINE: { sends: "hello world\r\n" },
  ICAP_ERR_REQUEST_LINE_TOO_LONG: { sends: `OPTIONS icap://h/${"a".repeat(8192)}` },
  ICAP_ERR_VERSION_SYNTAX: { sends: "GET / HTTP/1.1\r\n" },
  ICAP_ERR_VERSION: { sends: "OPTIONS icap://h/echo ICAP/2.0\r\n\r\n" },
  ICAP_ERR_URI: { sends: "OPTIONS /echo ICAP/1.0\r\n\r\n" },
  ICAP_ERR_METHOD: { sends: "FOOMOD icap://h/echo ICAP/1.0\r\n\r\n" },
  ICAP_ERR_LINE_END: { sends: "OPTIONS icap://h/echo ICAP/1.0\n\n" },
  ICAP_ERR_CONTROL_CHARACTER: { sends: `${line}X: \0\r\n` },
  ICAP_ERR_FIELD_SYNTAX: { sends: `${line}Host : h\r\n` },
  ICAP_ERR_HEAD_TOO_LARGE: { sends: `${line}X: ${"a".repeat(65_536)}` },
  ICAP_ERR_TOO_MANY_FIELDS: { sends: `${line}${"X: y\r\n".repeat(101)}` },
  ICAP_ERR_HOST: { sends: `${line}Host: g\r\nHost: h\r\n\r\n` },
  ICAP_ERR_PREVIEW: { sends: `${line}Preview: 65537\r\nEncapsulated: res-body=0\r\n\r\n` },
  ICAP_ERR_PREVIEW_TOO_LONG: {
    sends: `${line}Preview: 9\r\nEncapsulated: res-body=0\r\n\r\n10001\r\n${"a".repeat(65_537)}`,
  },
  ICAP_ERR_ENCAPSULATED_MISSING: { sends: `${line}\r\n` },
  ICAP_ERR_ENCAPSULATED_SYNTAX: { sends: `${line}Encapsulated: foo-hdr=0\r\n\r\n` },
  ICAP_ERR_ENCAPSULATED_COMBINATION: { sends: `${line}Encapsulated: req-body=0\r\n\r\n` },
  ICAP_ERR_ENCAPSULATED_TOO_LARGE: {
    sends: `${line}Encapsulated: res-hdr=0, res-body=99999999999\r\n\r\n`,
  },
  ICAP_ERR_HTTP_HEAD: { sends: `${line}Encapsulated: res-hdr=0, res-body=5\r\n\r\nHTTP/` },
  ICAP_ERR_CHUNK_SIZE: { sends: scan.replace("\r\n1\r\n", "\r\n-1\r\n"), scan: clean },
  ICAP_ERR_CHUNK_LINE_TOO_LONG: {
    sends: scan.replace("\r\n1\r\n", `\r\n1;${"a".repeat(4096)}\r\n`),
    scan: clean,
  },
  ICAP_ERR_CHUNK_END: {
    sends: scan.replace("\r\n1\r\nx\r\n", "\r\n1\r\nxyz\r\n"),
    scan: clean,
  },
  ICAP_ERR_TRAILERS_TOO_LARGE: {
    sends: scan.replace(/\r\n0\r\n\r\n$/, `\r\n0\r\nX: ${"a".repeat(16_384)}\r\n`),
    scan: clean,
  },
  ICAP_ERR_PIPELINE: {
    sends: optionsRequest("/echo").repeat(3),
    server: { pipelined: 1 },
  },
  ICAP_ERR_SERVICE_NOT_FOUND: { sends: optionsRequest("/nowhere") },
  ICAP_ERR_METHOD_NOT_ALLOWED: {
    sends: icapRequest({ method: "REQMOD", path: "/scripted", body: "x" }),
    services: [scriptedService({ methods: ["RESPMOD"] })],
  },
  ICAP_ERR_HEAD_TIMEOUT: { sends: line, server: { timeouts: { headTimeoutMs: 40 } } },
  ICAP_ERR_BODY_TIMEOUT: {
    sends: `${icapHead({ method: "RESPMOD", path: "/scan", body: "x" })}5\r\nhe`,
    scan: clean,
    server: { timeouts: { bodyTimeoutMs: 40 } },
  },
  ICAP_ERR_INTERNAL: {
    sends: icapRequest({ method: "RESPMOD", path: "/scripted", body: "x" }),
    services: [scriptedService({ judge: () => Promise.reject(new Error("planted")) })],
  },
  ICAP_ERR_SCAN_FAILED: {
    sends: scan,
    scan: { ...storage, scanner: scannerOf(errorVerdict("engine-error", "planted")) },
  },
  ICAP_ERR_SCAN_UNAVAILABLE: {
    sends: scan,
    scan: { ...storage, scanner: scannerOf(errorVerdict("timeout", "planted")) },
  },
  ICAP_ERR_CLIENT_NOT_ALLOWED: { sends: scan, scan: { allowedClients: ["192.0.2.0/24"] } },
  ICAP_ERR_TOO_MANY_CONNECTIONS: {
    sends: optionsRequest("/echo"),
    server: { limits: { maxConnections: 0 } },
  },
  ICAP_ERR_TOO_MANY_CLIENT_CONNECTIONS: {
    sends: optionsRequest("/echo"),
    server: { limits: { maxConnectionsPerClient: 0 } },
  },
  ICAP_ERR_DRAINING: {
    sends: icapRequest({ method: "RESPMOD", path: "/scripted", body: "x" }),
    services: [scriptedService({ judge: () => new Promise(() => {}) })],
    meanwhile: async (under) => {
      await under.until(() => under.metrics.started === 1, "the transaction");
      under.server.abort();
    },
  },
};

function start({ services = [echoService()], server = {}, scan: changes }: Provocation) {
  return changes === undefined
    ? ServerUnderTest.start({ services, server })
    : startScanning([changes], { server });
}

/** The first answer that is an error; those before it belong to requests that were in order. */
async function readError(connection: IcapConnection): Promise<IcapAnswer> {
  for (;;) {
    const answer = await connection.readAnswer();
    if (answer.status >= 400) return answer;
  }
}

describe.each(Object.entries(provocations) as [ErrorCode, Provocation][])(
  "%s",
  (code, provoked) => {
    const { status, closes } = ERRORS[code];

    it(`is answered with an ICAP ${status} in good form [conformance 74, 75, 123, 124, 185, 192, 193]`, async () => {
      await using under = await start(provoked);
      using connection = await under.connect();
      await connection.send(provoked.sends);
      await provoked.meanwhile?.(under);
      const answer = await readError(connection);
      expect([answer.status, answer.reason]).toEqual([status, REASON_PHRASES[status]]);
      expect(icapField(answer, "istag")).toMatch(/^"[\x21\x23-\x7e]{1,32}"$/);
      expect(answer.fields.at(-1)).toEqual(["Encapsulated", "null-body=0"]);
      expect(answer.raw.indexOf("\r\n\r\n")).toBe(answer.raw.length - 4);
      expect(answer.raw.length).toBeLessThan(8192);
      expect(under.records.at(-1)).toMatchObject({
        icapStatus: status,
        errorCode: code,
        errorMessage: expect.stringMatching(/^\w.*\S$/),
      });
    });

    it(
      closes
        ? "announces the end of the connection, and ends it [conformance 144]"
        : "leaves the connection to the next request [conformance 8]",
      async () => {
        await using under = await start(provoked);
        using connection = await under.connect();
        await connection.send(provoked.sends);
        await provoked.meanwhile?.(under);
        const answer = await readError(connection);
        expect(icapField(answer, "connection")).toBe(closes ? "close" : "keep-alive");
        if (closes) return connection.expectEnd();
        await connection.send(optionsRequest("/nowhere"));
        expect((await connection.readAnswer()).status).toBe(404);
      },
    );
  },
);

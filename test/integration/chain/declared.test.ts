/** Scanners on other hosts as resources declare them, made as a server makes them, in this process. */
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer, type TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CAPABILITIES } from "../../../src/app/options.ts";
import { makeScanner, ScannerDescriptions } from "../../../src/app/scanner.ts";
import { loadSettings } from "../../../src/config/index.ts";
import { SPOOL_DEFAULTS, SpoolStore } from "../../../src/entity/index.ts";
import { compileFiles, type ScannerEntry } from "../../../src/resources/index.ts";
import type { Scanner } from "../../../src/scanning/index.ts";
import { noEndpointMetrics, silentLogger } from "../../../src/telemetry/index.ts";
import { type VendorRequest, VendorServer } from "../../contracts/vendors/vendor-server.ts";
import { CertificateAuthority } from "../../support/certificate-authority.ts";
import { describeWith } from "../../support/programs.ts";
import { entityOf, scanContext } from "../../support/samples/entities.ts";
import { TempDirectory } from "../../support/temp-directory.ts";

const CLEAN = 'ICAP/1.0 204 No Content\r\nISTag: "tls"\r\nEncapsulated: null-body=0\r\n\r\n';
const OPTIONS =
  'ICAP/1.0 200 OK\r\nMethods: RESPMOD\r\nISTag: "tls"\r\nEncapsulated: null-body=0\r\n\r\n';

/** The answer to a whole request; undefined while more of it is to come. */
function answerTo(received: string): string | undefined {
  const isOptions = received.startsWith("OPTIONS");
  if (!received.endsWith(isOptions ? "\r\n\r\n" : "\r\n0\r\n\r\n")) return undefined;
  return isOptions ? OPTIONS : CLEAN;
}

function entryOf(spec: string): ScannerEntry {
  const text = `apiVersion: icap.sluice.dev/v1alpha1
kind: IcapScanner
metadata: { name: far, namespace: team }
spec: { ${spec} }
---
apiVersion: icap.sluice.dev/v1alpha1
kind: IcapService
metadata: { name: user, namespace: team }
spec: { path: /user, scanners: [{ name: far, ref: { kind: IcapScanner, name: far } }] }
`;
  const files = [{ name: "a.yaml", text }];
  const { table, problems } = compileFiles(files, { capabilities: CAPABILITIES });
  expect(problems).toEqual([]);
  return table.scanners[0] as ScannerEntry;
}

describeWith(["/usr/bin/openssl"], "a declared scanner", () => {
  const directory = new TempDirectory();
  const made: Scanner[] = [];
  let spools: SpoolStore;
  let authority: CertificateAuthority;
  const secret = (name: string, key: string, value: string): void => {
    mkdirSync(directory.join(`secrets/team/${name}`), { recursive: true });
    writeFileSync(directory.join(`secrets/team/${name}/${key}`), value);
  };
  beforeAll(async () => {
    spools = await SpoolStore.open({ ...SPOOL_DEFAULTS, directory: directory.join("spool") });
    authority = await CertificateAuthority.create();
  });
  afterAll(async () => {
    await Promise.all(made.map((scanner) => scanner.close()));
    await spools.close();
    authority.remove();
    directory.remove();
  });

  async function make(spec: string): Promise<Scanner> {
    const loaded = loadSettings({
      argv: [`--secrets-directory=${directory.join("secrets")}`, "--resources-poll=100ms"],
      env: {},
      readFile: () => "",
    });
    if (!loaded.ok) throw new Error(JSON.stringify(loaded));
    const scanner = await makeScanner(entryOf(spec), loaded.settings, {
      logger: silentLogger,
      endpointMetrics: noEndpointMetrics,
      descriptions: new ScannerDescriptions(),
      spools,
    });
    made.push(scanner);
    return scanner;
  }

  describe("of type Icap", () => {
    it("asks over TLS, shows its certificate and says who asks, by secrets that may change", async () => {
      const seen: string[] = [];
      const tokens = new Set<string>();
      const renewed = Promise.withResolvers<void>();
      const onSocket = (socket: TLSSocket): void => {
        seen.push(socket.getPeerCertificate().subjectaltname ?? "none");
        socket.on("error", () => {});
        let received = "";
        socket.setEncoding("latin1").on("data", (text) => {
          received += text;
          const answer = answerTo(received);
          if (answer === undefined) return;
          const [, token = "none"] = /X-Token: (\S+)/.exec(received) ?? [];
          tokens.add(token);
          if (token === "two") renewed.resolve();
          received = "";
          socket.write(answer);
        });
      };
      const certificate = await authority.issue("DNS:icap.corp.example");
      const tls = { ...certificate, ca: authority.cert, requestCert: true };
      const server = createServer(tls, onSocket).unref();
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      const { key, cert } = await authority.issueClient("DNS:sluice");
      secret("pki", "ca.crt", authority.cert);
      secret("pki", "tls.crt", cert);
      secret("pki", "tls.key", key);
      secret("token", "value", "one\n");
      const { port } = server.address() as AddressInfo;
      const scanner = await make(`
        protocol: { type: Icap, icap: { urls: ["icaps://127.0.0.1:${port}/scan"] } },
        tls: { ca: { secretKeyRef: { name: pki, key: ca.crt } }, clientCertificate: { name: pki }, serverName: icap.corp.example },
        auth: { type: Header, header: { name: X-Token, valueRef: { name: token, key: value } } }`);
      expect(scanner.epoch).toBe("tls");
      expect((await scanner.scan(entityOf("x"), scanContext())).kind).toBe("clean");
      expect([...tokens]).toEqual(["one"]);
      expect(seen[0]).toBe("DNS:sluice");
      secret("token", "value", "two\n");
      const scanning = new AbortController();
      const scans = (async () => {
        while (!scanning.signal.aborted) await scanner.scan(entityOf("x"), scanContext());
      })();
      await renewed.promise;
      scanning.abort();
      await scans;
      server.close();
    });
  });

  describe("of type Template", () => {
    it("is asked as its preset says, with its parameters and secrets", async () => {
      const stats = { malicious: 1, suspicious: 0, undetected: 60, harmless: 0 };
      const answer = { last_analysis_stats: stats, last_analysis_results: {} };
      const asked: VendorRequest[] = [];
      await using vendor = await VendorServer.start((request) => {
        asked.push(request);
        return { body: { data: { attributes: answer } } };
      });
      secret("vt", "key", "vt-key\n");
      const scanner = await make(`
        protocol: { type: Template, template: { preset: VirusTotal, params: { minPositives: 1 },
          secrets: { apiKey: { secretKeyRef: { name: vt, key: key } } } } },
        endpoint: { url: "${vendor.url}" }`);
      const verdict = await scanner.scan(entityOf("x"), scanContext());
      expect(verdict).toMatchObject({ kind: "blocked", reason: "malware" });
      expect(asked[0]?.headers["x-apikey"]).toBe("vt-key");
    });
  });
});

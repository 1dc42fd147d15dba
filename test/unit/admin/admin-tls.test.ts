import { writeFileSync } from "node:fs";
import { connect, type PeerCertificate } from "node:tls";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { AdminServer, AdminTls } from "../../../src/admin/index.ts";
import { silentLogger } from "../../../src/telemetry/index.ts";
import { type Certificate, CertificateAuthority } from "../../support/certificate-authority.ts";
import { TempDirectory } from "../../support/temp-directory.ts";

describe("the admin port with a certificate", () => {
  const lines: string[] = [];
  const logger = {
    ...silentLogger,
    info: (msg: string) => lines.push(msg),
    error: (msg: string) => lines.push(msg),
  };
  let authority: CertificateAuthority;
  let first: Certificate;
  let second: Certificate;
  let directory: TempDirectory;
  let server: AdminServer;
  const fileOf = (name: string): string => directory.join(name);
  const write = ({ cert, key }: Certificate): void => {
    writeFileSync(fileOf("cert.pem"), cert);
    writeFileSync(fileOf("key.pem"), key);
  };
  const files = () => ({ certFile: fileOf("cert.pem"), keyFile: fileOf("key.pem"), reloadMs: 20 });
  beforeAll(async () => {
    authority = await CertificateAuthority.create();
    first = await authority.issue("IP:127.0.0.1", "DNS:first.test");
    second = await authority.issue("IP:127.0.0.1", "DNS:second.test");
  });
  afterAll(() => authority.remove());
  beforeEach(async () => {
    lines.length = 0;
    directory = new TempDirectory();
    write(first);
    server = new AdminServer({
      host: "127.0.0.1",
      port: 0,
      tls: new AdminTls(files()),
      sources: { readiness: () => ({ ready: true, reasons: [] }), metrics: async () => "" },
      logger,
    });
    await server.start();
  });
  afterEach(async () => {
    await server.stop();
    directory.remove();
  });

  /** The certificate that is shown, and the first line of what is answered. */
  const asked = (): Promise<{ names: string | undefined; answer: string }> =>
    new Promise((resolve, reject) => {
      const { port } = server.address;
      const socket = connect({ host: "127.0.0.1", port, ca: authority.cert }, () => {
        names = (socket.getPeerCertificate() as PeerCertificate).subjectaltname;
        socket.write("GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
      });
      let names: string | undefined;
      let text = "";
      socket.setEncoding("utf8").on("data", (piece) => {
        text += String(piece);
      });
      socket.on("end", () => resolve({ names, answer: text.split("\r\n")[0] ?? "" }));
      socket.on("error", reject);
    });
  const namesSoon = () =>
    expect.poll(async () => (await asked()).names, { timeout: 15_000, interval: 20 });

  it("speaks HTTPS", async () => {
    expect(await asked()).toEqual({
      names: "IP Address:127.0.0.1, DNS:first.test",
      answer: "HTTP/1.1 200 OK",
    });
  });

  it("speaks no HTTP without TLS", async () => {
    await expect(fetch(`http://127.0.0.1:${server.address.port}/livez`)).rejects.toThrow();
  });

  it("shows a new certificate as soon as its files hold one", async () => {
    write(second);
    await namesSoon().toContain("second.test");
    expect(lines).toContain("TLS certificate of the admin port reloaded");
  });

  it("keeps its certificate where the new files are of no use, and tells so", async () => {
    writeFileSync(fileOf("key.pem"), "no key");
    const kept = "TLS certificate of the admin port not usable, keeping the old one";
    await expect.poll(() => lines, { timeout: 15_000 }).toContain(kept);
    expect((await asked()).names).toContain("first.test");
  });

  it("is refused where a file cannot be read", () => {
    expect(() => new AdminTls({ ...files(), keyFile: fileOf("none") })).toThrow("ENOENT");
  });
});

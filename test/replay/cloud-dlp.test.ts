/**
 * Zscaler and Cisco Umbrella, which hand uploads to the customer's DLP: ICAP over TLS, connections
 * that live long, identities in base64. Check Point calls the field `X-Authentication-User`.
 */
import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { CertificateAuthority } from "../support/certificate-authority.ts";
import { eicar } from "../support/eicar.ts";
import { freePort } from "../support/free-port.ts";
import { IcapConnection } from "../support/icap-connection.ts";
import { describeWith } from "../support/programs.ts";
import { Sluice } from "../support/sluice.ts";
import { TempDirectory } from "../support/temp-directory.ts";
import { chunk, head, lastChunk } from "../support/wire-text.ts";

const post = head("POST https://drive.test/upload HTTP/1.1", "Host: drive.test");

const reqmod = (content: string, user: string) =>
  head(
    "REQMOD icaps://dlp.example:11344/scan/reqmod ICAP/1.0",
    "Host: dlp.example:11344",
    "X-Client-IP: 192.0.2.7",
    user,
    "Allow: 204",
    `Encapsulated: req-hdr=0, req-body=${post.length}`,
  ) +
  post +
  chunk(content) +
  lastChunk;

describeWith(["/usr/bin/openssl"], "A cloud proxy on one long connection over TLS", () => {
  let authority: CertificateAuthority;
  let files: TempDirectory;
  let sluice: Sluice;
  let client: IcapConnection;

  beforeAll(async () => {
    authority = await CertificateAuthority.create();
    files = new TempDirectory();
    const { cert, key } = await authority.issue("IP:127.0.0.1");
    writeFileSync(files.join("tls.crt"), cert);
    writeFileSync(files.join("tls.key"), key);
    const port = await freePort();
    sluice = await Sluice.start({
      flags: [
        `--listen-icaps=127.0.0.1:${port}`,
        `--listen-tls-cert-file=${files.join("tls.crt")}`,
        `--listen-tls-key-file=${files.join("tls.key")}`,
        "--services-log-identity",
      ],
    });
    client = await IcapConnection.open({ port, ca: authority.cert });
  });

  afterAll(async () => {
    client?.close();
    await sluice?.stop();
    files?.remove();
    authority?.remove();
  });

  it("gets each of twenty uploads judged", async () => {
    const statuses: number[] = [];
    for (let upload = 0; upload < 20; upload += 1) {
      await client.send(reqmod("harmless", "X-Authenticated-User: TG9jYWw6Ly91c2VyMQ=="));
      statuses.push((await client.readAnswer()).status);
    }
    expect(statuses).toEqual(Array.from({ length: 20 }, () => 204));
  });

  it("gets EICAR blocked, and the log names the user in plain text", async () => {
    await client.send(reqmod(eicar, "X-Authenticated-User: TG9jYWw6Ly9tYWxsb3J5"));
    expect((await client.readAnswer()).responseHead).toMatch(/^HTTP\/1\.1 403 /);
    await expect.poll(() => sluice.log).toMatch(/"user":"[^"]*mallory"/);
  });

  it("is understood when it is a Check Point and calls the field X-Authentication-User", async () => {
    await client.send(reqmod(eicar, "X-Authentication-User: TG9jYWw6Ly90cnVkeQ=="));
    await client.readAnswer();
    await expect.poll(() => sluice.log).toMatch(/"user":"[^"]*trudy"/);
  });
});

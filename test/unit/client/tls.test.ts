import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer, type Server } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { IcapClient, parseServiceUrl, type ServiceUrl } from "../../../src/client/index.ts";
import { CertificateAuthority } from "../../support/certificate-authority.ts";

const NO_CONTENT = "ICAP/1.0 200 OK\r\nEncapsulated: null-body=0\r\n\r\n";

describe("the client over TLS", () => {
  let authority: CertificateAuthority;
  let server: Server;

  beforeAll(async () => {
    authority = await CertificateAuthority.create();
    server = createServer(await authority.issue("IP:127.0.0.1"), (socket) => {
      socket.on("error", () => {});
      socket.once("data", () => socket.end(NO_CONTENT));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  });

  afterAll(() => {
    server.close();
    authority.remove();
  });

  const client = (ca: string | undefined): IcapClient => {
    const { port } = server.address() as AddressInfo;
    const url = parseServiceUrl(`icaps://127.0.0.1:${port}/`) as ServiceUrl;
    return new IcapClient({ url, connectTimeoutMs: 5000, idleTimeoutMs: 5000, userAgent: "t", ca });
  };

  it("asks a server whose authority it trusts", async () => {
    expect((await client(authority.cert).options()).status).toBe(200);
  });

  it("refuses a server whose authority it does not know", async () => {
    await expect(client(undefined).options()).rejects.toThrow(
      /^cannot connect to 127\.0\.0\.1:\d+: unable to verify the first certificate/,
    );
  });
});

import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  CountingScanner,
  type Pod,
  type PodOptions,
  startPods,
} from "../../support/cache-fleet.ts";
import { type Certificate, CertificateAuthority } from "../../support/certificate-authority.ts";
import { freePort } from "../../support/free-port.ts";
import { describeWith } from "../../support/programs.ts";
import { REDIS_SERVER, RedisServer } from "../../support/redis-server.ts";
import { entityOf, scanContext } from "../../support/samples/entities.ts";
import { TempDirectory } from "../../support/temp-directory.ts";

const OPENSSL = "/usr/bin/openssl";
const file = entityOf("a file");

describeWith([REDIS_SERVER, OPENSSL], "access to Redis", () => {
  let pods: Pod[] = [];
  let warnings: object[];
  beforeEach(() => {
    pods = [];
    warnings = [];
  });
  afterEach(async () => {
    await Promise.all(pods.map((pod) => pod.stop()));
  });

  const start = async (options: Omit<PodOptions, "scanner">): Promise<Pod> => {
    const ignore = (): void => {};
    const warn = (message: string, fields: object = {}) =>
      void warnings.push({ message, ...fields });
    const logger = { debug: ignore, info: ignore, error: ignore, warn };
    const [pod] = await startPods(1, { scanner: new CountingScanner(), logger, ...options });
    pods.push(pod as Pod);
    return pod as Pod;
  };
  const isAvailable = (pod: Pod) => expect.poll(() => pod.cache.connection?.isAvailable);
  const stores = async (pod: Pod): Promise<void> => {
    await pod.scanner.scan(file, scanContext());
    await expect.poll(() => pod.metrics.writes.get("redis stored")).toBe(1);
  };

  describe("by user and password", () => {
    let redis: RedisServer;
    const password = (value: string) => () => value;
    beforeAll(async () => {
      redis = await RedisServer.start();
      await redis.run("ACL", "SETUSER", "sluice", "on", ">first", "~*", "&*", "+@all");
      await redis.run("ACL", "SETUSER", "default", "off");
    });
    afterAll(async () => {
      await redis.stop();
    });
    const url = (): string => redis.url.replace("//", "//sluice@");

    it("is had with the right ones", async () => {
      await stores(await start({ url: url(), password: password("first") }));
    });

    it("is not had without, and every scan is made", async () => {
      const pod = await start({ url: redis.url });
      expect((await pod.scanner.scan(file, scanContext())).kind).toBe("clean");
      expect(pod.cache.connection?.isAvailable).toBe(false);
    });

    it("is told of when it is refused, without the password", async () => {
      await start({ url: url(), password: password("a wrong one") });
      await expect
        .poll(() => warnings)
        .toContainEqual(expect.objectContaining({ message: "redis failed" }));
      expect(JSON.stringify(warnings)).not.toContain("a wrong one");
    });

    it("is had again once the file holds a password that is right", async () => {
      let current = "not yet";
      const pod = await start({ url: url(), password: () => current });
      await isAvailable(pod).toBe(false);
      current = "first";
      await expect.poll(() => pod.cache.connection?.isAvailable, { timeout: 10_000 }).toBe(true);
      await stores(pod);
    });
  });

  describe("with what docs/cache.md says alone", () => {
    it("is enough", async () => {
      await using redis = await RedisServer.start();
      const page = readFileSync(new URL("../../../docs/cache.md", import.meta.url), "utf8");
      const rules = /^~sluice:.*$/m.exec(page)?.[0].split(" ") ?? [];
      await redis.run("ACL", "SETUSER", "sluice", "on", ">p", ...rules);
      const url = redis.url.replace("//", "//sluice@");
      const pod = await start({ url, password: () => "p", prefix: "sluice:" });
      await stores(pod);
      await pod.cache.purge({ sha256: file.sha256 });
      expect(await pod.cache.stats()).toMatchObject([{}, { available: true }]);
      expect(warnings).toEqual([]);
    });
  });

  describe("over TLS", () => {
    let directory: TempDirectory;
    let authority: CertificateAuthority;
    let redis: RedisServer;
    let client: Certificate;
    let url: string;
    beforeAll(async () => {
      directory = new TempDirectory();
      authority = await CertificateAuthority.create();
      client = await authority.issueClient("DNS:sluice.test");
      const own = await authority.issue("IP:127.0.0.1");
      writeFileSync(directory.join("cert.pem"), own.cert);
      writeFileSync(directory.join("key.pem"), own.key);
      const port = await freePort();
      redis = await RedisServer.start(
        ...["--port", "0", "--tls-port", String(port), "--tls-auth-clients", "yes"],
        ...["--tls-cert-file", directory.join("cert.pem")],
        ...["--tls-key-file", directory.join("key.pem")],
        ...["--tls-ca-cert-file", authority.certFile],
      );
      url = `rediss://127.0.0.1:${port}`;
    });
    afterAll(async () => {
      await redis.stop();
      directory.remove();
    });

    it("is had with certificates that both trust", async () => {
      const tls = { ca: authority.cert, cert: client.cert, key: client.key };
      await stores(await start({ url, tls }));
    });

    it("is not had of a server that nobody vouches for", async () => {
      const pod = await start({ url, tls: { cert: client.cert, key: client.key } });
      expect((await pod.scanner.scan(file, scanContext())).kind).toBe("clean");
      expect(pod.cache.connection?.isAvailable).toBe(false);
      expect(JSON.stringify(warnings)).toMatch(/self-signed|unable to/);
    });

    it("is not had without a certificate of one's own", async () => {
      const pod = await start({ url, tls: { ca: authority.cert } });
      expect((await pod.scanner.scan(file, scanContext())).kind).toBe("clean");
      await isAvailable(pod).toBe(false);
    });
  });
});

import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CacheOperator } from "../../../src/admin/index.ts";
import { startAdmin } from "../../../src/app/admin.ts";
import { loadSettings } from "../../../src/config/index.ts";
import { MetricsRegistry, silentLogger } from "../../../src/telemetry/index.ts";
import { type Certificate, CertificateAuthority } from "../../support/certificate-authority.ts";
import { TempDirectory } from "../../support/temp-directory.ts";

const WARNING = "tokens of the admin port can be read on their way: set admin.tls.certFile";

describe("the admin port of the settings", () => {
  let authority: CertificateAuthority;
  let issued: Certificate;
  const directory = new TempDirectory();
  const flag = (name: string, text: string): string[] => {
    writeFileSync(directory.join(name), text);
    return [`--admin-${name}`, directory.join(name)];
  };
  beforeAll(async () => {
    authority = await CertificateAuthority.create();
    issued = await authority.issue("IP:127.0.0.1");
  });
  afterAll(() => {
    authority.remove();
    directory.remove();
  });

  const warningsOf = async (...argv: readonly string[]): Promise<string[]> => {
    const loaded = loadSettings({ argv, env: {}, readFile: () => "" });
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
    const warnings: string[] = [];
    const server = await startAdmin(loaded.settings, {
      logger: { ...silentLogger, warn: (msg) => warnings.push(msg) },
      registry: new MetricsRegistry({ processMetrics: false }),
      operator: {} as CacheOperator,
      draining: () => false,
      metrics: async () => "",
    });
    await server?.stop();
    return warnings;
  };
  const tokens = () => flag("token-file", "t".repeat(32));

  it("is none where it has no address", async () => {
    expect(await warningsOf("--admin-address", "")).toEqual([]);
  });

  it.each([
    ["on all addresses", ":0", [WARNING]],
    ["on the loopback", "127.0.0.1:0", []],
    ["on the loopback of IPv6", "[::1]:0", []],
  ])(
    "%s, with tokens and without TLS, warns where it should",
    async (_where, address, expected) => {
      expect(await warningsOf("--admin-address", address, ...tokens())).toEqual(expected);
    },
  );

  it("warns of nothing without tokens", async () => {
    expect(await warningsOf("--admin-address", ":0")).toEqual([]);
  });

  it("warns of nothing with TLS", async () => {
    const tls = [...flag("tls-cert-file", issued.cert), ...flag("tls-key-file", issued.key)];
    expect(await warningsOf("--admin-address", ":0", ...tokens(), ...tls)).toEqual([]);
  });

  it("wants certificate and key together", async () => {
    await expect(warningsOf(...flag("tls-cert-file", issued.cert))).rejects.toThrow(
      "admin.tls.certFile and admin.tls.keyFile need each other",
    );
  });
});

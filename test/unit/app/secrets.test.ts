import { mkdirSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { credentialsOf } from "../../../src/app/secrets.ts";
import { loadSettings, type Settings } from "../../../src/config/index.ts";
import { TempDirectory } from "../../support/temp-directory.ts";

type Entry = Parameters<typeof credentialsOf>[0];

const entry = {} satisfies Entry;
const token = { namespace: "security", name: "vendor", key: "token" };
const bearer: Entry = { ...entry, auth: { type: "Bearer", token } };

function settings(...argv: string[]): Settings {
  const loaded = loadSettings({ argv, env: {}, readFile: () => "" });
  if (!loaded.ok) throw new Error("settings");
  return loaded.settings;
}

describe("credentials of a scanner", () => {
  let directory: TempDirectory;
  let withDirectory: Settings;
  const write = (path: string, value: string): void => {
    mkdirSync(directory.join(path.slice(0, path.lastIndexOf("/"))), { recursive: true });
    writeFileSync(directory.join(path), value);
  };
  beforeEach(() => {
    directory = new TempDirectory();
    withDirectory = settings(`--secrets-directory=${directory.path}`);
  });
  afterEach(() => {
    directory.remove();
    vi.unstubAllEnvs();
  });

  it("are none where none are asked for", async () => {
    expect(await credentialsOf(entry, settings())).toEqual({});
  });

  it("come from a file, without its last line end", async () => {
    write("security/vendor/token", "s3cret\n");
    expect(await credentialsOf(bearer, withDirectory)).toEqual({
      auth: { name: "authorization", value: "Bearer s3cret" },
    });
  });

  it("come from the environment before any file", async () => {
    write("security/vendor/token", "from-file");
    vi.stubEnv("SLUICE_SECRET_SECURITY_VENDOR_TOKEN", "from-env");
    expect((await credentialsOf(bearer, withDirectory)).auth?.value).toBe("Bearer from-env");
  });

  it("are a user and a password in base64", async () => {
    write("security/vendor/token", "pa55");
    const basic: Entry = {
      ...entry,
      auth: { type: "Basic", username: "sluice", password: token },
    };
    expect((await credentialsOf(basic, withDirectory)).auth?.value).toBe(
      `Basic ${Buffer.from("sluice:pa55").toString("base64")}`,
    );
  });

  it("are a field of any name", async () => {
    write("security/vendor/token", "key");
    const header: Entry = { ...entry, auth: { type: "Header", name: "X-Api-Key", value: token } };
    expect((await credentialsOf(header, withDirectory)).auth).toEqual({
      name: "X-Api-Key",
      value: "key",
    });
  });

  it("are certificates as they are written", async () => {
    write("security/tls/tls.crt", "CERT\n");
    write("security/tls/tls.key", "KEY\n");
    write("security/authority/ca.pem", "CA\n");
    const tls: Entry = {
      ...entry,
      tls: {
        ca: { secret: { namespace: "security", name: "authority", key: "ca.pem" } },
        clientCertificate: { namespace: "security", name: "tls" },
        serverName: "scanner.test",
        minVersion: "TLSv1.3",
      },
    };
    expect(await credentialsOf(tls, withDirectory)).toEqual({
      tls: {
        ca: "CA\n",
        certificate: { cert: "CERT\n", key: "KEY\n" },
        serverName: "scanner.test",
        minVersion: "TLSv1.3",
      },
    });
  });

  it("are authorities of the table as it holds them", async () => {
    const tls: Entry = { ...entry, tls: { ca: { pem: "CA\n" }, minVersion: "TLSv1.2" } };
    expect(await credentialsOf(tls, settings())).toEqual({
      tls: { ca: "CA\n", minVersion: "TLSv1.2" },
    });
  });

  it("say where they were looked for when they are nowhere", async () => {
    await expect(credentialsOf(bearer, withDirectory)).rejects.toThrow(
      `secret security/vendor/token is not there: no SLUICE_SECRET_SECURITY_VENDOR_TOKEN, not in ${directory.path}`,
    );
    await expect(credentialsOf(bearer, settings())).rejects.toThrow("secrets.directory is not set");
  });

  it.each([
    ["nothing", ""],
    ["a line end within", "s3cret\r\nX-Other: 1"],
    ["another script", "пароль"],
  ])("are refused, and not shown, when they are %s", async (_name, value) => {
    write("security/vendor/token", value);
    const refused = await credentialsOf(bearer, withDirectory).catch((error: Error) => error);
    expect(refused).toBeInstanceOf(Error);
    expect(String(refused)).not.toMatch(/s3cret|пароль/);
  });

  it("never come from outside of the directory", async () => {
    write("security/secret", "s3cret");
    const key = { ...token, key: ".." };
    await expect(
      credentialsOf({ ...entry, auth: { type: "Bearer", token: key } }, withDirectory),
    ).rejects.toThrow("is not there");
  });
});

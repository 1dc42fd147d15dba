import { describe, expect, it } from "vitest";
import { clamav } from "../../../src/cli/scanners/clamav.ts";
import { readScannerSettings } from "../../../src/cli/scanners/scanner-setting.ts";
import { serverSettings } from "../../../src/cli/scanners/server-settings.ts";
import { run } from "./fake-context.ts";

const read = (
  flags: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
): unknown => readScannerSettings([...clamav.settings, ...serverSettings], { flags, env }).values;

describe("the settings of sluice scanner clamav", () => {
  it("have defaults for all", () => {
    expect(read({})).toEqual({
      clamd: ["127.0.0.1:3310"],
      listen: { host: "127.0.0.1", port: 8080 },
      "token-file": "",
      "tls-cert": "",
      "tls-key": "",
      "tls-client-ca": "",
      "max-bytes": 104_857_600,
      concurrency: 64,
      "scan-timeout": 120_000,
      "drain-delay": 5000,
      "drain-timeout": 30_000,
      "log-level": "info",
      "connect-timeout": 2000,
      "probe-interval": 5000,
      epoch: "",
      "hand-over-directory": "",
    });
  });

  it("are flags before variables", () => {
    const env = { SLUICE_SCANNER_MAX_BYTES: "1Mi", SLUICE_SCANNER_CLAMD: "a:1, unix:/b" };
    expect(read({ maxBytes: "2Mi" }, env)).toMatchObject({
      clamd: ["a:1", "unix:/b"],
      "max-bytes": 2 * 1024 ** 2,
    });
  });

  it.each([
    [":8080", { host: "::", port: 8080 }],
    ["[::1]:0", { host: "::1", port: 0 }],
  ])("take %s to listen on", (listen, expected) => {
    expect(read({ listen })).toMatchObject({ listen: expected });
  });
});

describe("sluice scanner clamav with wrong settings", () => {
  it("ends with 2 and names every problem by where it was written", async () => {
    const env = { SLUICE_SCANNER_CONCURRENCY: "0" };
    const { code, stderr } = await run(
      ["scanner", "clamav", "--max-bytes=much", "--listen", "here"],
      { env },
    );
    expect(code).toBe(2);
    expect(stderr.split("\n")).toEqual([
      '--listen: "here" is no address',
      '--max-bytes: "much" is no size',
      'SLUICE_SCANNER_CONCURRENCY: "0" is no count',
      "",
    ]);
  });

  it("ends with 2 for TLS with half of what it needs", async () => {
    const { code, stderr } = await run(["scanner", "clamav", "--tls-cert=a", "--tls-client-ca=b"]);
    expect([code, stderr]).toEqual([2, "--tls-cert and --tls-key need each other\n"]);
  });

  it("ends with 2 for a clamd that cannot be", async () => {
    const { code, stderr } = await run(["scanner", "clamav", "--clamd=a:b:c"]);
    expect(code).toBe(2);
    expect(stderr).toContain('"a:b:c" is no address');
  });
});

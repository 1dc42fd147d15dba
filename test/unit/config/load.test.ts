import { describe, expect, it } from "vitest";
import {
  formatProblems,
  loadSettings,
  type Settings,
  settingEntries,
} from "../../../src/config/index.ts";

interface Given {
  readonly argv?: readonly string[];
  readonly env?: Record<string, string>;
  readonly file?: string;
}

const load = ({ argv = [], env = {}, file }: Given) =>
  loadSettings({
    argv: file === undefined ? argv : ["--config", "sluice.yaml", ...argv],
    env,
    readFile: () => file ?? "",
  });

function settings(given: Given): Settings {
  const loaded = load(given);
  if (!loaded.ok) throw new Error(formatProblems(loaded.problems));
  return loaded.settings;
}

function problems(given: Given): string[] {
  const loaded = load(given);
  return loaded.ok ? [] : formatProblems(loaded.problems).split("\n");
}

describe("loading settings", () => {
  it("needs no source at all", () => {
    expect(settings({}).listen.icap).toEqual([{ host: undefined, port: 1344 }]);
  });

  it("gives a value to every setting of the catalogue", () => {
    const plain = settings({});
    const has = (path: string): boolean => {
      const names = path.split(".");
      const last = names.pop() as string;
      const section = names.reduce<unknown>((at, name) => (at as never)[name], plain);
      return Object.hasOwn(section as object, last);
    };
    expect(settingEntries.filter(({ path }) => !has(path))).toEqual([]);
  });

  it("takes a flag before a variable", () => {
    const given = { argv: ["--workers", "3"], env: { SLUICE_WORKERS: "2" }, file: "workers: 1" };
    expect(settings(given).workers).toBe(3);
  });

  it("takes a variable before the file", () => {
    expect(settings({ env: { SLUICE_WORKERS: "2" }, file: "workers: 4" }).workers).toBe(2);
  });

  it("takes the file before the default", () => {
    expect(settings({ file: "workers: auto" }).workers).toBe("auto");
  });

  it("reads the file that SLUICE_CONFIG names", () => {
    const loaded = loadSettings({
      argv: [],
      env: { SLUICE_CONFIG: "/etc/sluice.yaml" },
      readFile: (path) => (path === "/etc/sluice.yaml" ? "workers: 7" : ""),
    });
    expect(loaded).toMatchObject({ ok: true, settings: { workers: 7 } });
  });

  it("reads the file of the flag when a variable names one too", () => {
    const loaded = loadSettings({
      argv: ["-c", "flag.yaml"],
      env: { SLUICE_CONFIG: "variable.yaml" },
      readFile: (path) => (path === "flag.yaml" ? "workers: 7" : ""),
    });
    expect(loaded).toMatchObject({ ok: true, settings: { workers: 7 } });
  });

  it("says which source named a file that cannot be read", () => {
    const loaded = loadSettings({
      argv: [],
      env: { SLUICE_CONFIG: "gone.yaml" },
      readFile: () => {
        throw Object.assign(new Error("ENOENT: no such file, open 'gone.yaml'"), { errno: -2 });
      },
    });
    expect(loaded).toEqual({
      ok: false,
      problems: [
        {
          origin: "SLUICE_CONFIG",
          message: 'cannot read "gone.yaml": no such file or directory',
        },
      ],
    });
  });

  it("freezes the settings to the leaves", () => {
    const { listen, scan } = settings({ argv: ["--listen-proxy-protocol-trusted", "10.0.0.0/8"] });
    const parts = [listen, listen.icap, listen.icap[0], listen.proxyProtocol.trusted, scan.archive];
    expect(parts.every(Object.isFrozen)).toBe(true);
  });

  it("reports the problems of all sources at once", () => {
    const found = problems({
      argv: ["--workers", "none"],
      env: { SLUICE_DRAIN_DELAY: "5" },
      file: "limits:\n  headTimeout: 30\n",
    });
    expect(found).toEqual([
      "sluice.yaml:2: limits.headTimeout: must be a duration from 1ms to 24d such as 500ms, 30s, 2m or 1h, not 30",
      'SLUICE_DRAIN_DELAY: must be a duration from 0s to 1h such as 500ms, 30s, 2m or 1h, not "5"',
      '--workers: must be auto or a whole number from 1 to 1024, not "none"',
    ]);
  });

  it("reports a wrong value that another source overrides", () => {
    expect(problems({ argv: ["--workers", "2"], file: "workers: many" })).toEqual([
      'sluice.yaml:1: workers: must be auto or a whole number from 1 to 1024, not "many"',
    ]);
  });

  it.each([
    ["redis://:canary@redis:6379/0", '"redis://***@redis:6379/0"'],
    ["redis://user:can/a@ry@redis:1", '"redis://***@redis:1"'],
    ["user:canary@redis", '"***@redis"'],
    ["ftp://hooks.example/?token=canary&x=canary", '"ftp://hooks.example/?token=***&x=***"'],
  ])("tells no password of a URL that it refuses: %s", (url, told) => {
    const env = { SLUICE_CACHE_REDIS_URL: url, SLUICE_EVENTS_WEBHOOK_URL: url };
    const found = problems({ env });
    expect(found.map((problem) => problem.endsWith(`, not ${told}`))).toEqual(
      found.map(() => true),
    );
    expect(found.join("\n")).not.toContain("can");
  });

  it("cuts a long value in a message", () => {
    const [found] = problems({ env: { SLUICE_WORKERS: "9".repeat(500) } });
    expect(found).toBe(
      `SLUICE_WORKERS: must be auto or a whole number from 1 to 1024, not "${"9".repeat(63)}…`,
    );
  });

  it("escapes line ends in a message", () => {
    expect(problems({ env: { SLUICE_WORKERS: "1\nok" } })).toHaveLength(1);
  });
});

describe("settings that contradict each other", () => {
  const contradictions: readonly [string, Given, string][] = [
    [
      "a preview above what the wire accepts",
      { argv: ["--services-preview", "100Ki"] },
      "--services-preview: services.preview (100Ki) is above wire.previewBytes (64Ki)",
    ],
    [
      "one body with more memory than all together",
      { env: { SLUICE_SPOOL_MEMORY_BUDGET: "1Mi", SLUICE_SPOOL_MEMORY_BYTES: "2Mi" } },
      "SLUICE_SPOOL_MEMORY_BYTES: spool.memoryBytes (2Mi) is above spool.memoryBudget (1Mi)",
    ],
    [
      "a body larger than the disk space of all",
      { argv: ["--spool-disk-budget", "1Mi"] },
      "--spool-disk-budget: scan.maxEntityBytes (100Mi) is above spool.diskBudget (1Mi)",
    ],
    [
      "an entry larger than its archive",
      { file: "scan:\n  archive:\n    entryBytes: 1Gi\n" },
      "sluice.yaml:3: scan.archive.entryBytes: scan.archive.entryBytes (1Gi) is above scan.archive.totalBytes (256Mi)",
    ],
    [
      "a certificate without its key",
      { argv: ["--listen-tls-cert-file", "cert.pem"] },
      "--listen-tls-cert-file: listen.tls.certFile and listen.tls.keyFile need each other; only one is set",
    ],
    [
      "a client authority without TLS",
      { argv: ["--listen-tls-client-ca-file", "ca.pem"] },
      "--listen-tls-client-ca-file: listen.tls.clientCaFile has no effect without listen.tls.certFile",
    ],
    [
      "no listener",
      { argv: ["--listen-icap", ""] },
      "--listen-icap: nothing to listen on: listen.icap is empty and listen.tls.certFile is not set",
    ],
  ];
  it.each(contradictions)("are a problem: %s", (_name, given, expected) => {
    expect(problems(given)).toEqual([expected]);
  });

  it("are not looked for where a value is wrong by itself", () => {
    expect(
      problems({ argv: ["--services-preview", "100Ki", "--wire-preview-bytes", "x"] }),
    ).toEqual([expect.stringContaining("--wire-preview-bytes: must be a size")]);
  });
});

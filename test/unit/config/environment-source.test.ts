import { describe, expect, it } from "vitest";
import { isServiceLink } from "../../../src/config/environment-source.ts";
import { loadSettings, settingEntries } from "../../../src/config/index.ts";

const load = (env: Record<string, string>) => loadSettings({ argv: [], env, readFile: () => "" });

describe("variables", () => {
  it("set what they name", () => {
    expect(load({ SLUICE_SCAN_ARCHIVE_CPU_TIME: "3s" })).toMatchObject({
      settings: { scan: { archive: { cpuTime: 3000 } } },
    });
  });

  it("hold lists separated by commas", () => {
    expect(load({ SLUICE_LISTEN_ICAP: ":1, 127.0.0.1:2" })).toMatchObject({
      settings: { listen: { icap: [{ port: 1 }, { host: "127.0.0.1", port: 2 }] } },
    });
  });

  it("take a text away when they are empty", () => {
    expect(load({ SLUICE_SERVICES_BLOCK_CONTACT: "" })).toMatchObject({
      settings: { services: { block: { contact: undefined } } },
    });
  });

  it("name the variable that was probably meant", () => {
    expect(load({ SLUICE_LIMITS_MAXCONNECTIONS: "5" })).toEqual({
      ok: false,
      problems: [
        {
          origin: "SLUICE_LIMITS_MAXCONNECTIONS",
          message: 'unknown variable, did you mean "SLUICE_LIMITS_MAX_CONNECTIONS"?',
        },
      ],
    });
  });

  it("of other programs are nobody's business", () => {
    expect(load({ PATH: "/bin", SLUICEGATE: "x" })).toMatchObject({ ok: true });
  });

  it("that Kubernetes makes for a Service named sluice are passed over", () => {
    const links = {
      SLUICE_PORT: "tcp://10.0.0.1:1344",
      SLUICE_SERVICE_HOST: "10.0.0.1",
      SLUICE_SERVICE_PORT: "1344",
      SLUICE_SERVICE_PORT_ICAP: "1344",
      SLUICE_PORT_1344_TCP: "tcp://10.0.0.1:1344",
      SLUICE_PORT_1344_TCP_ADDR: "10.0.0.1",
      SLUICE_ADMIN_SERVICE_HOST: "10.0.0.2",
      SLUICE_ADMIN_PORT: "tcp://10.0.0.2:9344",
    };
    expect(load(links)).toMatchObject({ ok: true });
  });

  it("of settings are never mistaken for those of Kubernetes", () => {
    expect(settingEntries.filter(({ variable }) => isServiceLink(variable))).toEqual([]);
  });
});

describe("the names of settings", () => {
  it("are different in every source", () => {
    const names = settingEntries.flatMap(({ path, flag, variable }) => [
      path,
      `--${flag}`,
      variable,
    ]);
    expect(new Set(names).size).toBe(3 * settingEntries.length);
  });

  it("are no negation of another flag", () => {
    expect(settingEntries.filter(({ flag }) => flag.startsWith("no-"))).toEqual([]);
  });
});

import { describe, expect, it } from "vitest";
import { convertCIcap, type ServiceEntry } from "../../../../src/resources/index.ts";
import { compiled, scannersOf, tells } from "./converted.ts";

const convert = (text: string, name = "c-icap.conf") => convertCIcap([{ name, text }]);

function servicesOf(text: string): readonly ServiceEntry[] {
  const { services, problems } = compiled(convert(text));
  if (problems.length > 0) {
    throw new Error(problems.join("\n"));
  }
  return services;
}

const virusScan = "Service antivirus_module virus_scan.so\n";
const squid = "clamd_local /run/clamd.sock\n";

describe("a c-icap configuration", () => {
  it("offers its services under their own names and their aliases", () => {
    const text = `Service echo srv_echo.so\n${virusScan}ServiceAlias avscan virus_scan?allow204=on&sizelimit=off\n`;
    expect(servicesOf(text).map(({ path }) => path)).toEqual(["/avscan", "/echo", "/virus_scan"]);
  });

  it("passes over comments and empty lines", () => {
    expect(servicesOf(`# Service x virus_scan.so\n\n  # more\n${virusScan}`)).toHaveLength(1);
  });

  it("may be one module's file alone", () => {
    expect(servicesOf("virus_scan.MaxObjectSize 1M\n").map(({ path }) => path)).toEqual([
      "/virus_scan",
    ]);
  });

  it("tells of modules and aliases that have no counterpart", () => {
    const conversion = convert(
      "Service url_check srv_url_check.so\nServiceAlias filter url_check\n",
    );
    expect(compiled(conversion).services).toEqual([]);
    expect(conversion.notes.map(({ option }) => option)).toEqual([
      "Service url_check",
      "ServiceAlias filter",
    ]);
  });

  it.each([
    ["virus_scan.MaxObjectSize 10M", { limits: { maxEntityBytes: 10 * 2 ** 20 } }],
    ["virus_scan.MaxObjectSize 512K", { limits: { maxEntityBytes: 512 * 1024 } }],
    ["", { limits: { maxEntityBytes: 5 * 2 ** 20 }, on: { oversize: "Allow", error: "Block" } }],
    ["virus_scan.PassOnError on", { on: { error: "Allow", timeout: "Allow" } }],
    ["virus_scan.PassOnError off", { on: { error: "Block", timeout: "Block" } }],
    ["virus_scan.PreviewSize 1024", { preview: { bytes: 1024 } }],
    ["virus_scan.MaxConnections 50", { limits: { maxConnections: 50 } }],
  ])("carries over %j of virus_scan", (option, expected) => {
    expect(servicesOf(`${virusScan}${option}\n`)[0]).toMatchObject(expected);
  });

  it("takes the last of several directives", () => {
    const text = `${virusScan}virus_scan.MaxObjectSize 1M\nvirus_scan.MaxObjectSize 2M\n`;
    expect(servicesOf(text)[0]?.limits.maxEntityBytes).toBe(2 * 2 ** 20);
  });

  it("scans the types that are listed and passes the rest", () => {
    const [service] = servicesOf(`${virusScan}virus_scan.ScanFileTypes GIF DATA EXE\n`);
    expect(service?.rules.map(({ when, action }) => [action, when])).toEqual([
      ["Scan", 'entity.type == "" || entity.type.matchesType(["image/gif"])'],
      ["Skip", "true"],
    ]);
  });

  it("tells of a type that is not known", () => {
    const { notes } = convert(`${virusScan}virus_scan.ScanFileTypes GIF HOLOGRAM\n`);
    expect(notes.some(({ message }) => message.includes("HOLOGRAM"))).toBe(true);
  });

  it("keeps what an alias says by its arguments", () => {
    const text = `${virusScan}virus_scan.ScanFileTypes GIF\nServiceAlias all virus_scan?force=on&sizelimit=off\n`;
    const all = servicesOf(text).find(({ path }) => path === "/all");
    expect([all?.rules, all?.limits.maxEntityBytes]).toEqual([[], 2 ** 34]);
  });

  it.each([
    ["Port 1344", "Port 1344"],
    ["acl local src 127.0.0.1", "acl local src 127.0.0.1"],
    ["virus_scan.SendPercentData 5", "virus_scan.SendPercentData"],
    ["virus_scan.VirSaveDir /srv", "virus_scan.VirSaveDir"],
    ["AccessLog /var/log/access.log", "AccessLog /var/log/access.log"],
  ])("tells of %s, which is not carried over", (line, option) => {
    expect(tells(convert(`${virusScan}${line}\n`), "c-icap.conf", option)).toBe(true);
  });

  it.each([
    ["clamd_mod.ClamdSocket /run/clamd.sock", "/run/clamd.sock"],
    ["clamd_mod.ClamdHost av.example\nclamd_mod.ClamdPort 3311", "av.example:3311"],
    ["", "/var/run/clamav/clamd.ctl"],
  ])("says where clamd was: %j", (lines, address) => {
    const { notes } = convert(`${virusScan}${lines}\n`);
    expect(
      notes.some(({ message }) => message.startsWith(`clamd at ${address} is not asked`)),
    ).toBe(true);
  });

  it("asks a scanner for clamd where one is named", () => {
    const files = [{ name: "c-icap.conf", text: virusScan }];
    expect(scannersOf(convertCIcap(files, { clamavUrl: "http://clamav:8080" }))).toEqual([
      { protocol: { type: "ScanV1" }, endpoint: { url: "http://clamav:8080" } },
    ]);
  });
});

describe("a squidclamav configuration", () => {
  const rulesOf = (text: string) =>
    servicesOf(`${squid}${text}`)[0]?.rules.map(({ when, action }) => `${action}: ${when}`);

  it("is a service of its own", () => {
    expect(servicesOf(squid)).toMatchObject([
      { path: "/squidclamav", limits: { maxEntityBytes: 5 * 2 ** 20 }, on: { oversize: "Allow" } },
    ]);
  });

  it("is found beside c-icap's own file", () => {
    const files = [
      { name: "c-icap.conf", text: "Timeout 300\nService squidclamav squidclamav.so\n" },
      { name: "squidclamav.conf", text: `${squid}maxsize 2M\n` },
    ];
    const { services } = compiled(convertCIcap(files));
    expect(services.map(({ path, limits }) => [path, limits.maxEntityBytes])).toEqual([
      ["/squidclamav", 2 * 2 ** 20],
    ]);
  });

  it("skips what it names when it scans all else", () => {
    const text = `abort ^.*\\.(ico|gif)$
abortcontent ^image\\/.*$
whitelist .*\\.clamav\\.net
trustclient ^10\\.0\\.
trustuser ^admin$
abort_line_that_means_nothing x
`;
    expect(rulesOf(text)).toEqual([
      'Skip: request.url.re("^.*\\\\.(ico|gif)$")',
      'Skip: response.header("Content-Type").re("^image\\\\/.*$")',
      'Skip: request.host.re(".*\\\\.clamav\\\\.net")',
      'Skip: client.ip.re("^10\\\\.0\\\\.")',
      'Skip: client.user.re("^admin$")',
    ]);
  });

  it("scans what it names and nothing else in the other mode", () => {
    expect(
      rulesOf("scan_mode ScanNothingExcept\nscan ^.*\\.doc$\nscancontent ^application/.*$\n"),
    ).toEqual([
      'Scan: request.url.re("^.*\\\\.doc$")',
      'Scan: response.header("Content-Type").re("^application/.*$")',
      "Skip: true",
    ]);
  });

  it("takes either case where the directive says so", () => {
    expect(rulesOf("aborti \\.GIF$\n")).toEqual(['Skip: request.url.re("(?i)\\\\.GIF$")']);
  });

  it.each([
    ["a pattern that RE2 does not take", "abort (?!x)y", "abort (?!x)y"],
    ["a directive of the other mode", "scan ^.*\\.doc$", "scan"],
    [
      "redirect http://proxy.example/clwarn.cgi",
      "redirect http://proxy.example/clwarn.cgi",
      "redirect",
    ],
    ["ban_archive_entry", "ban_archive_entry ^.*\\.exe$", "ban_archive_entry"],
  ])("tells of %s", (_what, line, option) => {
    const conversion = convert(`${squid}${line}\n`, "squidclamav.conf");
    expect(tells(conversion, "squidclamav.conf", option)).toBe(true);
  });
});

import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { TempDirectory } from "../../support/temp-directory.ts";
import { run } from "./fake-context.ts";

/** As it stands in an installation: `[app]`, two services, and one that is not active. */
const icapeg = `[app]
log_level = "info"
write_logs_to_console = false
port = 1344
services = ["echo", "clamav"]
debugging_headers = true
web_server_host = "$_WEB_SERVER"

[echo]
vendor = "echo"
service_caption = "echo service"
service_tag = "ECHO ICAP"
req_mode = true
resp_mode = true
shadow_service = false
preview_bytes = "1024"
preview_enabled = true
process_extensions = ["pdf", "zip", "com"]
reject_extensions = ["docx"]
bypass_extensions = ["*"]
max_filesize = 0
return_original_if_max_file_size_exceeded = false
return_400_if_file_ext_rejected = false

[clamav]
vendor = "clamav"
service_caption = "clamav service"
service_tag = "CLAMAV ICAP"
req_mode = true
resp_mode = true
shadow_service = true
preview_bytes = "1024"
preview_enabled = true
process_extensions = ["*"]
reject_extensions = ["exe"]
bypass_extensions = ["css", "js"]
max_filesize = 5242880
return_original_if_max_file_size_exceeded = true
http_exception_response_code = 451
http_exception_has_body = true
exception_page = "./temp/exception-page.html"
socket_path = "/var/run/clamav/clamd.ctl"
timeout = 10
fail_threshold = 2

[clhashlookup]
vendor = "clhashlookup"
scan_url = "https://hashlookup.circl.lu/lookup/sha256/"
`;

const cIcap = `Port 1344
Timeout 300
MaxServers 10
TmpDir /var/tmp
acl localhost src 127.0.0.1/255.255.255.255
icap_access allow localhost
ServerLog /var/log/c-icap/server.log
Service echo srv_echo.so
Service antivirus_module virus_scan.so
ServiceAlias avscan virus_scan?allow204=on&sizelimit=off&mode=simple
Include virus_scan.conf
`;

const virusScan = `virus_scan.ScanFileTypes TEXT DATA EXECUTABLE ARCHIVE GIF JPEG MSOFFICE
virus_scan.SendPercentData 5
virus_scan.PassOnError on
virus_scan.MaxObjectSize 5M
clamd_mod.ClamdSocket /var/run/clamav/clamd.ctl
`;

const squidclamav = `maxsize 5M
redirect http://proxy.domain.dom/cgi-bin/clwarn.cgi
clamd_local /var/run/clamav/clamd.ctl
timeout 1
logredir 0
dnslookup 0
scan_mode ScanAllExcept
abort ^.*\\.swf$
abortcontenti ^video\\/.*$
whitelist .*\\.clamav.net
`;

function files(contents: Readonly<Record<string, string>>) {
  const directory = new TempDirectory();
  for (const [name, text] of Object.entries(contents)) writeFileSync(directory.join(name), text);
  return directory;
}

const paths = (yaml: string): string[] =>
  parseAllDocuments(yaml)
    .map((document) => document.toJS())
    .filter(({ kind }) => kind === "IcapService")
    .map(({ spec }) => spec.path);

describe("sluice convert icapeg", () => {
  it("writes the active services to standard output, ready to serve", async () => {
    using directory = files({ "config.toml": icapeg });
    const env = { WEB_SERVER: "localhost" };
    const { code, stdout } = await run(["convert", "icapeg", directory.join("config.toml")], {
      env,
    });
    expect([code, paths(stdout)]).toEqual([0, ["/echo", "/clamav"]]);
  });

  it("says on standard error what it could not carry over", async () => {
    using directory = files({ "config.toml": icapeg });
    const { stderr } = await run(["convert", "icapeg", directory.join("config.toml")]);
    const told = stderr.split("\n").map((line) => line.split(": ").slice(0, 2).join(" "));
    expect(told).toEqual(
      expect.arrayContaining([
        "app port",
        "clhashlookup services",
        "clamav socket_path",
        "clamav exception_page",
        "clamav fail_threshold",
      ]),
    );
  });

  it("writes what `check` takes", async () => {
    using directory = files({ "config.toml": icapeg });
    const output = directory.join("out.yaml");
    await run(["convert", "icapeg", directory.join("config.toml"), "-o", output]);
    const { code, stdout } = await run(["check", output]);
    expect([code, stdout]).toEqual([0, expect.stringContaining("mode       Monitor")]);
  });

  it("names the scanner that stands before clamd, where there is one", async () => {
    using directory = files({ "config.toml": icapeg });
    const flags = ["--clamav-url", "http://clamav.example:8080"];
    const argv = ["convert", "icapeg", directory.join("config.toml"), ...flags];
    const { code, stdout } = await run(argv);
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/ScanV1[\s\S]*url: http:\/\/clamav\.example:8080\n/),
    ]);
  });

  it("says what must be mended before the resources can be served, and means 1", async () => {
    using directory = files({ "config.toml": icapeg });
    const argv = ["convert", "icapeg", directory.join("config.toml"), "--clamav-url", "clamav"];
    const { code, stdout, stderr } = await run(argv);
    expect([code, stdout.includes("url: clamav"), stderr]).toEqual([
      1,
      true,
      expect.stringMatching(/^converted:\d+: spec\.endpoint\.url: /m),
    ]);
  });

  it.each([
    ["a file that is not there", {}, /config\.toml: there is no such file\n$/],
    ["a file that is no TOML", { "config.toml": "[app\n" }, /config\.toml: /],
  ])("says why it cannot read %s, and means 2", async (_what, contents, expected) => {
    using directory = files(contents);
    const { code, stderr } = await run(["convert", "icapeg", directory.join("config.toml")]);
    expect([code, stderr]).toEqual([2, expect.stringMatching(expected)]);
  });
});

describe("sluice convert c-icap", () => {
  it("writes the services of the server and its modules, by their names and aliases", async () => {
    using directory = files({ "c-icap.conf": cIcap, "virus_scan.conf": virusScan });
    const argv = ["c-icap.conf", "virus_scan.conf"].map((name) => directory.join(name));
    const { code, stdout } = await run(["convert", "c-icap", ...argv]);
    expect([code, paths(stdout)]).toEqual([0, ["/echo", "/virus_scan", "/avscan"]]);
  });

  it("says on standard error what it could not carry over", async () => {
    using directory = files({ "c-icap.conf": cIcap, "virus_scan.conf": virusScan });
    const argv = ["c-icap.conf", "virus_scan.conf"].map((name) => directory.join(name));
    const { stderr } = await run(["convert", "c-icap", ...argv]);
    const options = ["Port 1344", "acl localhost", "virus_scan.SendPercentData"];
    expect(options.filter((option) => !stderr.includes(`: ${option}`))).toEqual([]);
  });

  it("takes squidclamav.conf alone, and writes it where it is told to", async () => {
    using directory = files({ "squidclamav.conf": squidclamav });
    const output = directory.join("out.yaml");
    const argv = ["convert", "c-icap", directory.join("squidclamav.conf"), "--output", output];
    const { code, stdout } = await run(argv);
    expect([code, stdout, paths(readFileSync(output, "utf8"))]).toEqual([0, "", ["/squidclamav"]]);
  });

  it("means 1 when there is nothing to convert", async () => {
    using directory = files({ "c-icap.conf": "Port 1344\n" });
    const { code, stderr } = await run(["convert", "c-icap", directory.join("c-icap.conf")]);
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining("converted: no IcapService that this gateway serves\n"),
    ]);
  });
});

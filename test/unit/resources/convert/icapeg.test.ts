import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Conversion,
  convertIcapeg,
  type IcapegOptions,
  type ServiceEntry,
} from "../../../../src/resources/index.ts";
import { compiled, scannersOf, tells } from "./converted.ts";

function convert(toml: string, options: IcapegOptions = {}): Conversion {
  const conversion = convertIcapeg(toml, options);
  if (typeof conversion === "string") {
    throw new Error(conversion);
  }
  return conversion;
}

/** A configuration with one service. */
function config(section: string, name = "svc"): string {
  return `[app]\nservices = ["${name}"]\n[${name}]\nreq_mode = true\nresp_mode = true\n${section}`;
}

function serviceOf(section: string, options: IcapegOptions = {}): ServiceEntry {
  const { services, problems } = compiled(convert(config(section), options));
  const [service] = services;
  if (service === undefined || problems.length > 0) {
    throw new Error(problems.join("\n"));
  }
  return service;
}

const clamav = 'vendor = "clamav"\nsocket_path = "/run/clamd.sock"\n';
const echo = 'vendor = "echo"\n';

describe("an ICAPeg service", () => {
  it("keeps its name as its path", () => {
    expect(serviceOf(clamav).path).toBe("/svc");
  });

  it.each([
    ["req_mode = true\nresp_mode = false", ["REQMOD"]],
    ["req_mode = false\nresp_mode = true", ["RESPMOD"]],
  ])("keeps its modes: %j", (modes, methods) => {
    const toml = `[app]\nservices = ["svc"]\n[svc]\n${modes}\n${clamav}`;
    expect(compiled(convert(toml)).services[0]?.methods).toEqual(methods);
  });

  it("with both modes off is left out, and told", () => {
    const conversion = convert(`[app]\nservices = ["svc"]\n[svc]\n${clamav}`);
    expect(compiled(conversion).services).toEqual([]);
    expect(tells(conversion, "svc", "req_mode")).toBe(true);
  });

  it.each([
    ['preview_bytes = "1024"', { preview: { bytes: 1024 } }],
    ["preview_bytes = 2048", { preview: { bytes: 2048 } }],
    ['preview_bytes = "1000000"', { preview: { bytes: 65_536 } }],
    ["max_filesize = 1048576", { limits: { maxEntityBytes: 1_048_576 } }],
    ["max_filesize = 0", { limits: { maxEntityBytes: 2 ** 34 } }],
    ["max_filesize = 9223372036854775807", { limits: { maxEntityBytes: 2 ** 34 } }],
    ["timeout = 10", { scanners: [{ timeoutMs: 10_000 }] }],
    [
      "timeout = 300",
      { limits: { transactionTimeoutMs: 300_000 }, scanners: [{ timeoutMs: 300_000 }] },
    ],
    ["return_original_if_max_file_size_exceeded = true", { on: { oversize: "Allow" } }],
    ["return_original_if_max_file_size_exceeded = false", { on: { oversize: "Block" } }],
    ["bypass_on_api_error = true", { on: { error: "Allow", timeout: "Allow" } }],
    ["bypass_on_api_error = false", { on: { error: "Block", timeout: "Block" } }],
    ["shadow_service = true", { mode: "Monitor" }],
    ["shadow_service = false", { mode: "Enforce" }],
    ["http_exception_response_code = 451", { block: { status: 451 } }],
    ["http_exception_response_code = 200", { block: { status: 403 } }],
  ])("carries over %s", (option, expected) => {
    expect(serviceOf(`${clamav}${option}`)).toMatchObject(expected);
  });

  it.each([
    "service_caption = 'x'",
    "service_tag = 'x'",
    "fail_threshold = 2",
    "verify_server_cert = true",
    "preview_enabled = false",
    "exception_page = './page.html'",
    "http_exception_has_body = false",
    "return_400_if_file_ext_rejected = true",
    "timeout = 'soon'",
    "invented = 1",
  ])("tells of %s, which is not carried over", (option) => {
    const [name = ""] = option.split(" ");
    expect(tells(convert(config(`${clamav}${option}`)), "svc", name)).toBe(true);
  });
});

describe("ICAPeg's extensions", () => {
  const rulesOf = (section: string) =>
    serviceOf(section).rules.map(({ name, action }) => `${name}: ${action}`);
  it.each([
    [
      "process some, bypass the rest",
      'process_extensions = ["pdf"]\nreject_extensions = ["docx"]\nbypass_extensions = ["*"]',
      ["reject-extensions: Block", "process-extensions: Scan", "bypass-everything-else: Skip"],
    ],
    [
      "process everything but some",
      'process_extensions = ["*"]\nreject_extensions = ["docx"]\nbypass_extensions = ["txt"]',
      ["bypass-extensions: Skip", "reject-extensions: Block"],
    ],
    [
      "reject the rest",
      'process_extensions = ["pdf"]\nreject_extensions = ["*"]\nbypass_extensions = []',
      ["process-extensions: Scan", "reject-everything-else: Block"],
    ],
    ["process everything", 'process_extensions = ["*"]', []],
  ])("as rules: %s", (_what, lists, expected) => {
    expect(rulesOf(`${clamav}${lists}`)).toEqual(expected);
  });

  it("name the unknown type by what is empty", () => {
    const [rule] = serviceOf(
      `${clamav}process_extensions = ["unknown"]\nbypass_extensions = ["*"]`,
    ).rules;
    expect(rule?.when).toBe(
      '(entity.type == "" && entity.extension == "" && request.extension == "")',
    );
  });

  it("of an echo service come down to what is rejected", () => {
    const lists =
      'process_extensions = ["pdf"]\nreject_extensions = ["docx"]\nbypass_extensions = ["*"]';
    expect(rulesOf(`${echo}${lists}`)).toEqual(["reject-extensions: Block"]);
  });
});

describe("what an ICAPeg service asks", () => {
  it("clamd, is the embedded engines, and told", () => {
    const conversion = convert(config(clamav));
    expect(scannersOf(conversion)).toEqual([{ protocol: { type: "Embedded" } }]);
    expect(tells(conversion, "svc", "socket_path")).toBe(true);
  });

  it("clamd, is a scanner for it where one is named", () => {
    expect(scannersOf(convert(config(clamav), { clamavUrl: "http://clamav:8080" }))).toEqual([
      { protocol: { type: "ScanV1" }, endpoint: { url: "http://clamav:8080" } },
    ]);
  });

  it("a look-up of hashes, is a scanner for it where one is named", () => {
    const section = 'vendor = "clhashlookup"\nscan_url = "https://lookup.example/sha256/"';
    const conversion = convert(config(section), { hashLookupUrl: "http://lookup:8080" });
    expect(scannersOf(conversion)).toEqual([
      { protocol: { type: "ScanV1" }, endpoint: { url: "http://lookup:8080" } },
    ]);
  });

  it("CIRCL's look-up of hashes, is its preset", () => {
    const section = 'vendor = "clhashlookup"\nscan_url = "https://hash.example/lookup/sha256/"';
    const conversion = convert(config(section));
    expect(scannersOf(conversion)).toEqual([
      {
        protocol: { type: "Template", template: { preset: "CirclHashlookup" } },
        endpoint: { url: "https://hash.example" },
      },
    ]);
    expect(conversion).toMatchObject({
      notes: expect.arrayContaining([expect.objectContaining({ option: "scan_url" })]),
    });
  });

  it("a file of hashes, is the embedded hash list", () => {
    const section = 'vendor = "hashlocal"\nhash_file = "/etc/hashes.txt"';
    expect(scannersOf(convert(config(section)))).toEqual([
      { protocol: { type: "Embedded", embedded: { hashList: "/etc/hashes.txt" } } },
    ]);
  });

  it("nothing, needs no scanner", () => {
    expect(serviceOf(echo).scanners).toEqual([]);
  });

  it("of a vendor that is not known is left out, and told", () => {
    const conversion = convert(config('vendor = "virustotal"'));
    expect(compiled(conversion).services).toEqual([]);
    expect(tells(conversion, "svc", "vendor")).toBe(true);
  });
});

describe("ICAPeg's file", () => {
  it("says which services are converted", () => {
    const conversion = convert(`${config(echo)}\n[spare]\nvendor = "echo"\nreq_mode = true`);
    expect(compiled(conversion).services.map(({ path }) => path)).toEqual(["/svc"]);
    expect(tells(conversion, "spare", "services")).toBe(true);
  });

  it("may name a service that it does not have", () => {
    expect(tells(convert('[app]\nservices = ["gone"]'), "gone", "services")).toBe(true);
  });

  it("may take any value from the environment", () => {
    const section = `${clamav}max_filesize = "$_MAX"\nprocess_extensions = "$_LIST"\nbypass_extensions = ["*"]`;
    const service = serviceOf(section, { environment: { MAX: "4096", LIST: '["txt", "exe"]' } });
    expect([service.limits.maxEntityBytes, service.rules[0]?.when]).toEqual([
      4096,
      'entity.extension in ["txt", "exe"] || request.extension in ["txt", "exe"]',
    ]);
  });

  it("tells of a variable that is not set", () => {
    expect(tells(convert(config(`${clamav}max_filesize = "$_MAX"`)), "svc", "max_filesize")).toBe(
      true,
    );
  });

  it("gives services whose names become equal names of their own", () => {
    const toml = `[app]\nservices = ["a_b", "a.b"]\n["a_b"]\n${echo}req_mode = true\n["a.b"]\n${echo}req_mode = true`;
    expect(compiled(convert(toml)).problems).toEqual([]);
  });

  it("that is no TOML is refused with the reason", () => {
    expect(convertIcapeg("[app\n")).toMatch(/Invalid TOML/);
  });

  it("whatever its values, becomes resources without problems", () => {
    const value = fc.oneof(
      fc.boolean(),
      fc.nat(),
      fc.constantFrom("*", "pdf", "a b", "$_X", "-1", "1e9"),
    );
    const list = fc.array(fc.constantFrom("*", "pdf", "docx", "unknown", '"'), { maxLength: 3 });
    const section = fc.record({
      vendor: fc.constantFrom("echo", "clamav", "clhashlookup", "hashlocal"),
      preview_bytes: value,
      max_filesize: value,
      timeout: value,
      http_exception_response_code: value,
      bypass_on_api_error: value,
      process_extensions: list,
      reject_extensions: list,
      bypass_extensions: list,
    });
    fc.assert(
      fc.property(section, (fields) => {
        const lines = Object.entries(fields).map(
          ([key, field]) => `${key} = ${JSON.stringify(field)}`,
        );
        expect(compiled(convert(config(lines.join("\n")))).problems).toEqual([]);
      }),
    );
  });
});

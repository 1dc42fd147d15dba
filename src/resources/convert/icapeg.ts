import { parse } from "smol-toml";
import { type Backend, clamavBackend, hashListBackend, lookupBackend } from "./backend.ts";
import {
  type Conversion,
  type ConvertOptions,
  Notes,
  objectNameOf,
  Places,
  rulesField,
  type Spec,
  serviceResource,
  writeResources,
} from "./conversion.ts";
import { extensionRules } from "./icapeg-extensions.ts";
import { IcapegSection } from "./icapeg-section.ts";

export interface IcapegOptions extends ConvertOptions {
  /** For values such as `"$_LOG_LEVEL"`, which ICAPeg reads from the environment. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
}

const UNLIMITED = "16Gi";
const MAX_PREVIEW_BYTES = 65_536;
const DEFAULT_TIMEOUT_S = 60;
const MAX_TIMEOUT_S = 3600;

/** Options of `[app]` that have another place here. */
const APP_OPTIONS: Readonly<Record<string, string>> = {
  port: "is a setting of the process: `sluice serve --listen-icap`",
  log_level: "is a setting of the process: `--log-level`",
  write_logs_to_console: "logs go to the standard output",
  debugging_headers: "the answer's headers tell the verdict in any case",
  web_server_host: "the block page is part of the answer and needs no web server",
  web_server_endpoint: "the block page is part of the answer and needs no web server",
};

/** Options of a service that have no meaning here. */
const UNUSED_OPTIONS: Readonly<Record<string, string>> = {
  service_caption: "`Service` in OPTIONS is Sluice's own",
  service_tag: "the ISTag is computed from the service and the engines",
  fail_threshold: "ICAPeg does not use it either",
  verify_server_cert: "certificates are always verified",
};

/**
 * ICAPeg's `config.toml` as resources: its services `echo`, `clamav`, `clhashlookup` and
 * `hashlocal`. A text says why the file cannot be read.
 */
export function convertIcapeg(toml: string, options: IcapegOptions = {}): Conversion | string {
  let root: Readonly<Record<string, unknown>>;
  try {
    root = parse(toml, { integersAsBigInt: "asNeeded" });
  } catch (cause) {
    return cause instanceof Error ? (cause.message.split("\n", 1)[0] ?? "") : String(cause);
  }
  const notes = new Notes();
  const section = (name: string) =>
    new IcapegSection(name, root[name], notes, options.environment ?? {});
  const app = section("app");
  noteAll(app, APP_OPTIONS);
  const active = app.texts("services");
  noteInactive(root, active, notes);
  const context = { notes, options, places: new Places() };
  const resources = [...new Set(active)].flatMap((name) => convertService(section(name), context));
  return {
    yaml: writeResources(unique(resources), "ICAPeg's config.toml"),
    notes: [...notes.list, ...app.unread()],
  };
}

function noteAll(section: IcapegSection, messages: Readonly<Record<string, string>>): void {
  for (const [option, message] of Object.entries(messages)) {
    section.note(option, message);
  }
}

function noteInactive(
  root: Readonly<Record<string, unknown>>,
  active: readonly string[],
  notes: Notes,
): void {
  for (const [name, value] of Object.entries(root)) {
    const isService = name !== "app" && value !== null && typeof value === "object";
    if (isService && !active.includes(name)) {
      notes.add(name, "services", "is not in app.services and so not converted");
    }
  }
}

interface Context {
  readonly notes: Notes;
  readonly options: ConvertOptions;
  readonly places: Places;
}

function convertService(section: IcapegSection, { notes, options, places }: Context): unknown[] {
  if (!section.exists) {
    notes.add(section.name, "services", "is in app.services and has no section");
    return [];
  }
  const vendor = section.text("vendor") ?? "";
  const backend = backendOf(vendor, section, notes, options);
  if (backend === "unknown") {
    notes.add(section.name, "vendor", `the vendor ${vendor} has no counterpart: not converted`);
    return [];
  }
  const methods = methodsOf(section);
  if (methods.length === 0) {
    notes.add(section.name, "req_mode", "both modes are off: not converted");
    return [];
  }
  noteAll(section, UNUSED_OPTIONS);
  const { name, path } = places.take(section.name);
  const spec: Spec = {
    path,
    methods,
    ...previewOf(section),
    ...rulesField(rulesOf(section, backend !== undefined, notes)),
    ...scannersOf(section, backend),
    ...limitsAndOutcomes(section),
    ...blockOf(section),
    ...(section.flag("shadow_service") && { mode: "Monitor" }),
  };
  notes.list.push(...section.unread());
  const service = serviceResource(name, spec);
  return backend === undefined ? [service] : [backend.resource, service];
}

function backendOf(
  vendor: string,
  section: IcapegSection,
  notes: Notes,
  options: ConvertOptions,
): Backend | undefined | "unknown" {
  const where = section.name;
  switch (vendor) {
    case "echo":
      return undefined;
    case "clamav": {
      const address = section.text("socket_path") ?? "its socket";
      return clamavBackend(options, notes, { where, option: "socket_path", address });
    }
    case "clhashlookup": {
      const address = section.text("scan_url") ?? "the look-up service";
      return lookupBackend(options, notes, { where, address });
    }
    case "hashlocal":
      return hashListBackend(
        `${objectNameOf(where)}-hashes`,
        section.text("hash_file") ?? "hashes",
      );
    default:
      return "unknown";
  }
}

function methodsOf(section: IcapegSection): string[] {
  return [
    ...(section.flag("req_mode") ? ["REQMOD"] : []),
    ...(section.flag("resp_mode") ? ["RESPMOD"] : []),
  ];
}

function previewOf(section: IcapegSection): Spec {
  if (section.flag("preview_enabled") === false) {
    section.note(
      "preview_enabled",
      "a preview is always offered; clients that want none send none",
    );
  }
  const bytes = section.number("preview_bytes");
  if (bytes === undefined) {
    return {};
  }
  if (bytes > MAX_PREVIEW_BYTES) {
    section.note("preview_bytes", `the preview has at most ${MAX_PREVIEW_BYTES} bytes`);
  }
  return { preview: { bytes: Math.min(bytes, MAX_PREVIEW_BYTES) } };
}

function rulesOf(section: IcapegSection, hasScanners: boolean, notes: Notes) {
  const lists = {
    process: section.texts("process_extensions"),
    reject: section.texts("reject_extensions"),
    bypass: section.texts("bypass_extensions"),
  };
  if (section.flag("return_400_if_file_ext_rejected")) {
    section.note("return_400_if_file_ext_rejected", "what is rejected gets the block page");
  }
  return extensionRules(lists, hasScanners, { notes, where: section.name });
}

function timeoutSecondsOf(section: IcapegSection): number | undefined {
  const seconds = section.number("timeout");
  return seconds === undefined || seconds <= 0 ? undefined : Math.min(seconds, MAX_TIMEOUT_S);
}

function scannersOf(section: IcapegSection, backend: Backend | undefined): Spec {
  if (backend === undefined) {
    return {};
  }
  const seconds = timeoutSecondsOf(section);
  const timeout = seconds === undefined ? {} : { timeout: `${seconds}s` };
  return { scanners: [{ name: backend.name, ref: { name: backend.name }, ...timeout }] };
}

function limitsAndOutcomes(section: IcapegSection): Spec {
  const seconds = timeoutSecondsOf(section) ?? 0;
  const maxBytes = section.number("max_filesize") ?? 0;
  const limits = {
    maxEntityBytes: maxBytes === 0 ? UNLIMITED : Math.min(maxBytes, 2 ** 34),
    ...(seconds > DEFAULT_TIMEOUT_S && { transactionTimeout: `${seconds}s` }),
  };
  if (maxBytes === 0) {
    section.note("max_filesize", `no limit is ${UNLIMITED} here`);
  }
  const outcomes = {
    ...(section.flag("return_original_if_max_file_size_exceeded") && { oversize: "Allow" }),
    ...(section.flag("bypass_on_api_error") && { error: "Allow", timeout: "Allow" }),
  };
  return { limits, ...(Object.keys(outcomes).length > 0 && { outcomes }) };
}

function blockOf(section: IcapegSection): Spec {
  const page = section.text("exception_page");
  if (page !== undefined) {
    section.note(
      "exception_page",
      `the template ${page} is Go's html/template: write it as a page of Sluice's and put it into block.page`,
    );
  }
  if (section.flag("http_exception_has_body") === false) {
    section.note("http_exception_has_body", "a blocked answer always has a page");
  }
  const status = section.number("http_exception_response_code");
  if (status === undefined || status === 403) {
    return {};
  }
  if (status < 400 || status > 599) {
    section.note("http_exception_response_code", `${status} is no status of an error: 403 is used`);
    return {};
  }
  return { block: { status } };
}

/** Services of one kind share a scanner. */
function unique(resources: readonly unknown[]): unknown[] {
  return [...new Map(resources.map((one) => [JSON.stringify(one), one])).values()];
}

import type { SourceFile } from "../read/yaml-source.ts";
import { clamavBackend } from "./backend.ts";
import { typesOf } from "./c-icap-types.ts";
import {
  type Conversion,
  type ConvertedRule,
  type ConvertOptions,
  celList,
  Notes,
  Places,
  rulesField,
  type Spec,
  serviceResource,
  writeResources,
} from "./conversion.ts";
import { type Directive, lastOf, readDirectives, sizeOf } from "./directives.ts";
import { isSquidclamav, squidclamavSpec } from "./squidclamav.ts";

const UNLIMITED = "16Gi";
/** virus_scan's own default. */
const DEFAULT_MAX_OBJECT_SIZE = 5 * 2 ** 20;

/** Directives of virus_scan that have no counterpart, by the part after the dot. */
const VIRUS_SCAN_NOTES: Readonly<Record<string, string>> = {
  sendpercentdata: "no part of a body is sent before it is judged",
  startsendpercentdataafter: "no part of a body is sent before it is judged",
  allow204responces: "204 is used where the client allows it",
  virsavedir: "there is no download page",
  virhttpurl: "there is no download page",
  virupdatetime: "there is no download page",
  virscanfiletypes: "there is no download page",
};

/** What virus_scan is offered as: its own name, or an alias with arguments. */
interface Offer {
  readonly path: string;
  readonly kind: "virus_scan" | "squidclamav" | "echo";
  readonly args: ReadonlyMap<string, string>;
}

/**
 * c-icap's configuration as resources: its services `virus_scan`, `squidclamav` and `echo`, under
 * their names and aliases. Give the files that are included too, c-icap.conf first.
 */
export function convertCIcap(
  files: readonly SourceFile[],
  options: ConvertOptions = {},
): Conversion {
  const notes = new Notes();
  const read = files.map((file) => readDirectives(file));
  const squidclamav = read.filter(isSquidclamav).flat();
  const server = read.filter((directives) => !isSquidclamav(directives)).flat();
  const offers = offersOf(server, squidclamav.length > 0, notes);
  noteServer(server, notes);
  noteVirusScan(server, notes);
  const backends = new Map<string, { readonly name: string; readonly resource: unknown }>();
  const backendOf = (kind: Offer["kind"]) => {
    const known = backends.get(kind);
    if (known !== undefined) {
      return known;
    }
    const made = clamavBackend(
      options,
      notes,
      clamdOf(kind === "squidclamav" ? squidclamav : server),
    );
    backends.set(kind, made);
    return made;
  };
  const squidSpec = squidclamav.length === 0 ? undefined : squidclamavSpec(squidclamav, notes);
  const places = new Places();
  const services = offers.map(({ path: old, kind, args }) => {
    const { name, path } = places.take(old);
    const common = { path };
    if (kind === "echo") {
      return serviceResource(name, common);
    }
    const scanner = backendOf(kind).name;
    const spec = kind === "squidclamav" ? (squidSpec ?? {}) : virusScanSpec(server, args, notes);
    return serviceResource(name, {
      ...common,
      ...spec,
      scanners: [{ name: scanner, ref: { name: scanner } }],
    });
  });
  const scanners = [
    ...new Map([...backends.values()].map((one) => [one.name, one.resource])).values(),
  ];
  return {
    yaml: writeResources([...scanners, ...services], files.map(({ name }) => name).join(", ")),
    notes: notes.list,
  };
}

function clamdOf(directives: readonly Directive[]) {
  const socket = lastOf(directives, "clamd_mod.ClamdSocket") ?? lastOf(directives, "clamd_local");
  const host = lastOf(directives, "clamd_mod.ClamdHost") ?? lastOf(directives, "clamd_ip");
  const port = lastOf(directives, "clamd_mod.ClamdPort") ?? lastOf(directives, "clamd_port");
  if (port !== undefined || (host !== undefined && socket === undefined)) {
    const { file, name } = port ?? (host as Directive);
    const address = `${host?.args[0] ?? "127.0.0.1"}:${port?.args[0] ?? "3310"}`;
    return { where: file, option: name, address };
  }
  return {
    where: socket?.file ?? "c-icap",
    option: socket?.name ?? "clamd",
    address: socket?.args[0] ?? "/var/run/clamav/clamd.ctl",
  };
}

const MODULES: Readonly<Record<string, Offer["kind"]>> = {
  "virus_scan.so": "virus_scan",
  "squidclamav.so": "squidclamav",
  "srv_echo.so": "echo",
};
function offersOf(
  directives: readonly Directive[],
  hasSquidclamav: boolean,
  notes: Notes,
): Offer[] {
  const offers = directives
    .filter(({ name }) => name.toLowerCase() === "service")
    .flatMap((directive) => offerOf(directive, notes));
  // A file that is given alone holds the options of a module and no `Service` line.
  const hasVirusScan = directives.some(({ name }) => /^virus_scan\./i.test(name));
  if (offers.length === 0 && hasVirusScan) {
    offers.push(plainOffer("virus_scan"));
  }
  if (hasSquidclamav && !offers.some(({ kind }) => kind === "squidclamav")) {
    offers.push(plainOffer("squidclamav"));
  }
  const all = [...offers, ...aliasesOf(directives, offers, notes)];
  return [...new Map(all.map((offer) => [offer.path, offer])).values()];
}

/** A service is reached by the name that its module gives itself, whatever the directive calls it. */
function plainOffer(kind: Offer["kind"]): Offer {
  return { path: kind, kind, args: new Map() };
}

function offerOf({ file, name, args }: Directive, notes: Notes): Offer[] {
  const module = args[1]?.split("/").at(-1) ?? "";
  const kind = Object.hasOwn(MODULES, module) ? MODULES[module] : undefined;
  if (kind === undefined) {
    notes.add(file, `${name} ${args[0]}`, `the module ${module} has no counterpart`);
    return [];
  }
  return [plainOffer(kind)];
}

function aliasesOf(
  directives: readonly Directive[],
  offers: readonly Offer[],
  notes: Notes,
): Offer[] {
  return directives
    .filter(({ name }) => name.toLowerCase() === "servicealias")
    .flatMap(({ file, name, args: [alias = "", target = ""] }) => {
      const [service = "", query = ""] = target.split("?");
      const found = offers.find(({ path }) => path === service);
      if (found === undefined) {
        notes.add(file, `${name} ${alias}`, `stands for ${service}, which is not converted`);
        return [];
      }
      return [{ path: alias, kind: found.kind, args: new Map(new URLSearchParams(query)) }];
    });
}

function virusScanSpec(directives: readonly Directive[], args: Offer["args"], notes: Notes): Spec {
  const option = (name: string) => lastOf(directives, `virus_scan.${name}`)?.args;
  const preview = sizeOf(option("PreviewSize")?.[0]);
  const connections = sizeOf(option("MaxConnections")?.[0]);
  const maxBytes = sizeOf(option("MaxObjectSize")?.[0]) ?? DEFAULT_MAX_OBJECT_SIZE;
  const isUnlimited = args.get("sizelimit") === "off";
  const passesOnError = option("PassOnError")?.[0]?.toLowerCase() === "on";
  noteMode(args.get("mode"), notes);
  return {
    ...(preview !== undefined && { preview: { bytes: Math.min(preview, 65_536) } }),
    ...rulesField(args.get("force") === "on" ? [] : typeRules(directives, notes)),
    limits: {
      maxEntityBytes: isUnlimited ? UNLIMITED : maxBytes,
      ...(connections !== undefined && connections > 0 && { maxConnections: connections }),
    },
    outcomes: {
      // virus_scan passes what is larger, unscanned.
      oversize: "Allow",
      ...(passesOnError && { error: "Allow", timeout: "Allow" }),
    },
  };
}

function noteMode(mode: string | undefined, notes: Notes): void {
  if (mode === "vir" || mode === "mixed") {
    notes.add("ServiceAlias", `mode=${mode}`, "there is no download page");
  }
}

/** Types that are scanned; everything else passes. */
function typeRules(directives: readonly Directive[], notes: Notes): ConvertedRule[] {
  const listed = lastOf(directives, "virus_scan.ScanFileTypes");
  if (listed === undefined) {
    notes.add("virus_scan", "ScanFileTypes", "is not set: everything is scanned");
    return [];
  }
  const types = new Set<string>();
  for (const name of listed.args) {
    const known = typesOf(name);
    if (known === undefined) {
      notes.add(
        listed.file,
        listed.name,
        `the type ${name} is not known: add its media type to the rule`,
      );
    }
    for (const type of known ?? []) {
      types.add(type);
    }
  }
  const conditions = [
    ...(types.delete("") ? ['entity.type == ""'] : []),
    ...(types.size > 0 ? [`entity.type.matchesType(${celList([...types].sort())})`] : []),
  ];
  return conditions.length === 0
    ? []
    : [
        { name: "scan-file-types", when: conditions.join(" || "), action: "Scan" },
        { name: "other-file-types", when: "true", action: "Skip" },
      ];
}

function noteVirusScan(directives: readonly Directive[], notes: Notes): void {
  for (const { file, name } of directives) {
    const [module = "", option = ""] = name.toLowerCase().split(".");
    const message = module === "virus_scan" ? VIRUS_SCAN_NOTES[option] : undefined;
    if (message !== undefined) {
      notes.add(file, name, message);
    }
  }
  if (directives.some(({ name }) => name.toLowerCase() === "virus_scan.maxobjectsize")) {
    notes.add(
      "virus_scan",
      "MaxObjectSize",
      "what is larger passes unscanned, as it did: outcomes.oversize says so, and Block is safer",
    );
  }
}

const SERVER_NOTES: readonly (readonly [RegExp, string])[] = [
  [/^(port|tlsport)$/i, "is a setting of the process: see docs/configuration.md"],
  [
    /^(acl|icap_access|client_access)$/i,
    "access is `allowedClients` of a service, or a rule: write it by hand",
  ],
  [
    /^(accesslog|serverlog|logformat|logger)$/i,
    "logs go to the standard output, one JSON line for each transaction",
  ],
  [/^templatedir$/i, "templates are written anew: docs/block-page.md"],
  [/^clamav_mod\./i, "options of libclamav in the process have no counterpart"],
  [/^include$/i, "give the included file to the conversion too"],
];

function noteServer(directives: readonly Directive[], notes: Notes): void {
  for (const { file, name, args } of directives) {
    const message = SERVER_NOTES.find(([pattern]) => pattern.test(name))?.[1];
    if (message !== undefined) {
      notes.add(file, [name, ...args].join(" ").slice(0, 128), message);
    }
  }
}

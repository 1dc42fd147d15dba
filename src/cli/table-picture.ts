import type { RoutingTable } from "../app/index.ts";
import { formatDuration, formatSize } from "../config/index.ts";

type ServiceEntry = RoutingTable["services"][number];
type ScannerEntry = RoutingTable["scanners"][number];

const hashCharacters = 12;
const short = (hash: string): string => hash.slice(0, hashCharacters);

/** Text from a resource on one line, without anything that a terminal would obey. */
const inline = (text: string): string => text.replaceAll(/[\s\p{Cc}\p{Cf}]+/gu, " ").trim();

/** What a table makes a server do, for people: each service with its effective values, each scanner. */
export function tablePicture(table: RoutingTable): string {
  const { gateway, revision, services, scanners } = table;
  const head = `gateway ${gateway}, revision ${short(revision)}, ${counted(services.length, "service")}, ${counted(scanners.length, "scanner")}\n`;
  const blocks = [
    ...services.map(serviceBlock),
    ...scanners.map((scanner) => scannerBlock(scanner, services)),
  ];
  return [head, ...blocks].join("\n");
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

type Row = readonly [label: string, text: string];

function block(title: string, rows: readonly Row[]): string {
  const lines = rows.map(([label, text]) => `  ${label.padEnd(10)} ${text}`.trimEnd());
  return `${[title, ...lines].join("\n")}\n`;
}

function serviceBlock(service: ServiceEntry): string {
  const { path, namespace, name, methods, preview, mode, clientProfile } = service;
  return block(`${path}  IcapService/${namespace}/${name}`, [
    ["methods", methods.join(", ")],
    ["preview", `${preview.bytes} bytes`],
    ["mode", mode],
    ["profile", clientProfile],
    ...listRows("rules", service.rules.map(ruleText)),
    ...listRows("scanners", service.scanners.map(scannerText)),
    ["combine", combineText(service.combine)],
    ["outcomes", outcomesText(service.on)],
    ["limits", limitsText(service.limits)],
    ["clients", service.allowedClients.join(", ") || "all"],
    ["block", blockText(service.block)],
    ["identity", service.shareIdentity.join(", ") || "not recorded"],
    ["istag from", istagText(service)],
  ]);
}

/** One row an item; only the first has the label. */
function listRows(label: string, items: readonly string[]): Row[] {
  if (items.length === 0) return [[label, "none"]];
  return items.map((text, index) => [index === 0 ? label : "", text]);
}

function ruleText(rule: ServiceEntry["rules"][number], index: number): string {
  const message = rule.message === undefined ? "" : `  "${inline(rule.message)}"`;
  return `${index + 1}. ${rule.action} ${rule.name}: ${inline(rule.when)}${message}`;
}

function scannerText(reference: ScannerReference): string {
  const { name, scanner, unresolved, mode, role, required, timeoutMs } = reference;
  const target = scanner ?? `nothing (${unresolved})`;
  const parts = [mode, role === "Modifier" && "modifies", !required && "optional"];
  return [`${name} → ${target}`, ...parts, formatDuration(timeoutMs)].filter(Boolean).join(", ");
}

type ScannerReference = ServiceEntry["scanners"][number];

function combineText({ strategy, quorumCount, thresholdPercent }: ServiceEntry["combine"]): string {
  if (quorumCount !== undefined) return `${strategy} of ${quorumCount}`;
  return thresholdPercent === undefined ? strategy : `${strategy} from ${thresholdPercent} %`;
}

function outcomesText(on: ServiceEntry["on"]): string {
  const byAction = Map.groupBy(Object.entries(on), ([, action]) => action);
  return [...byAction]
    .map(([action, causes]) => `${action}: ${causes.map(([cause]) => cause).join(" ")}`)
    .join("; ");
}

function limitsText(limits: ServiceEntry["limits"]): string {
  const { maxEntityBytes, transactionTimeoutMs, maxConnections } = limits;
  const parts = [
    `entity ${formatSize(maxEntityBytes)}`,
    `transaction ${formatDuration(transactionTimeoutMs)}`,
  ];
  if (maxConnections !== undefined) parts.push(`connections ${maxConnections}`);
  return parts.join(", ");
}

function blockText({ status, page, contact }: ServiceEntry["block"]): string {
  const template = page === undefined ? "built-in page" : `page ${short(page)}`;
  return [`HTTP ${status}`, template, contact && `contact ${inline(contact)}`]
    .filter(Boolean)
    .join(", ");
}

/** What a client's cache depends on; the epochs are known once the scanners run. */
function istagText({ generation, scanners }: ServiceEntry): string {
  const epochs = scanners.map(({ name }) => `epoch of ${name}`);
  return [`generation ${short(generation)}`, ...epochs].join(", ");
}

function scannerBlock(entry: ScannerEntry, services: readonly ServiceEntry[]): string {
  const { key, protocol, unresolved, hash } = entry;
  const { concurrency, queue, rate } = protocol.limits;
  const paths = services
    .filter(({ scanners }) => scanners.some(({ scanner }) => scanner === key))
    .map(({ path }) => path);
  const rateText = rate === undefined ? "" : `, ${rate.count} per ${formatDuration(rate.perMs)}`;
  return block(key, [
    ["protocol", protocol.type],
    ...protocolRows(protocol),
    ["limits", `concurrency ${concurrency}, queue ${queue}${rateText}`],
    ["used by", paths.join(", ")],
    ...(unresolved === undefined ? [] : [["fails", inline(unresolved)] as const]),
    ["hash", short(hash)],
  ]);
}

function protocolRows(protocol: ScannerEntry["protocol"]): Row[] {
  if (protocol.type === "Embedded") {
    return [
      ["rules", protocol.rulesDirectory ?? "those that come with Sluice"],
      ["hashes", protocol.hashList ?? "none"],
    ];
  }
  const { retry, circuitBreaker, tls, auth } = protocol;
  const urls = protocol.type === "Template" ? [protocol.template.baseUrl] : protocol.urls;
  const breaker = `open for ${formatDuration(circuitBreaker.openForMs)} after ${counted(circuitBreaker.failures, "failure")}`;
  return [
    ...listRows("url", urls.map(inline)),
    ...(protocol.type === "Icap" ? icapRows(protocol) : []),
    ...(protocol.type === "Template" ? templateRows(protocol) : []),
    ["attempts", `${retry.attempts}, circuit breaker ${breaker}`],
    ...(tls === undefined ? [] : [["tls", `${tls.minVersion} at least`] as const]),
    ["auth", auth === undefined ? "none" : authText(auth)],
  ];
}

function templateRows({
  template,
  secrets,
}: Extract<ScannerEntry["protocol"], { type: "Template" }>): Row[] {
  const params = Object.entries(template.params).map(([name, value]) =>
    inline(`${name}=${JSON.stringify(value)}`),
  );
  const refs = Object.entries(secrets).map(
    ([name, { namespace, name: object, key }]) => `${name} from ${namespace}/${object}/${key}`,
  );
  return [
    ["steps", template.steps.map(({ name }) => name).join(", ")],
    ["params", params.length === 0 ? "none" : params.join(", ")],
    ["secrets", refs.length === 0 ? "none" : refs.map(inline).join(", ")],
  ];
}

function icapRows(protocol: Extract<ScannerEntry["protocol"], { type: "Icap" }>): Row[] {
  const { method, replaced, shares, maxBytes } = protocol;
  const meaning = replaced === "Blocked" ? "a block page" : "new content";
  const told = ["content", "name", "type", ...shares.map((share) => share.toLowerCase())];
  return [
    ["method", `${method}; other content is ${meaning}`],
    ["is told", told.join(", ")],
    ...(maxBytes === undefined ? [] : [["at most", formatSize(maxBytes)] as const]),
  ];
}

type Auth = NonNullable<Extract<ScannerEntry["protocol"], { type: "ScanV1" }>["auth"]>;

/** Where the secret lies; what it holds is read when the scanner is made, and never shown. */
function authText(auth: Auth): string {
  const from = ({ namespace, name, key }: Extract<Auth, { type: "Bearer" }>["token"]) =>
    `secret ${namespace}/${name}/${key}`;
  switch (auth.type) {
    case "Bearer":
      return `bearer token of ${from(auth.token)}`;
    case "Basic":
      return `user ${inline(auth.username)}, password of ${from(auth.password)}`;
    case "Header":
      return `${auth.name} of ${from(auth.value)}`;
    default:
      return auth satisfies never;
  }
}

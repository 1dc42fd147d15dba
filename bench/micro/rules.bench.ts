import { compileRules, type Rule, type RuleFacts } from "../../src/services/rules/index.ts";
import type { MicroSuite } from "./suite.ts";

const facts: RuleFacts = {
  request: {
    method: "GET",
    url: "https://download.vendor.example/pub/tools/setup-4.2.1.exe?mirror=7",
    scheme: "https",
    host: "download.vendor.example",
    port: 443,
    path: "/pub/tools/setup-4.2.1.exe",
    query: "mirror=7",
    extension: "exe",
    version: "HTTP/1.1",
    headers: new Map([["user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0)"]]),
  },
  response: {
    status: 200,
    version: "HTTP/1.1",
    headers: new Map([["content-type", "application/octet-stream"]]),
  },
  client: { ip: "10.20.30.40", user: "jane", groups: ["staff", "sales", "vpn"], peer: "10.0.0.2" },
  entity: {
    type: "application/x-dosexec",
    declaredType: "application/octet-stream",
    typeMismatch: false,
    size: 4_194_304,
    fileName: "setup-4.2.1.exe",
    extension: "exe",
  },
  service: { name: "downloads", namespace: "security", path: "/downloads", method: "RESPMOD" },
  now: new Date("2026-11-23T09:00:00Z"),
};

// What a policy of twenty rules looks like; none of them matches, so all are evaluated.
const conditions = [
  'request.host.inDomain("corp.example")',
  'request.host.inDomain(["update.os.example", "cdn.os.example", "mirror.distro.example"])',
  'client.ip.inCidr("192.168.0.0/16")',
  'client.ip.inCidr(["172.16.0.0/12", "fd00::/8"])',
  'request.method in ["OPTIONS", "HEAD", "TRACE"]',
  "response.status in [204, 304]",
  'entity.type.matchesType("video/*")',
  'entity.type.matchesType(["audio/*", "font/*", "text/css"])',
  'entity.size > quantity("2Gi")',
  'entity.type == "application/x-dosexec" && "sales" in client.groups && client.user == "root"',
  'entity.typeMismatch && !request.host.inDomain("legacy.example")',
  'entity.extension in ["scr", "pif", "hta", "vbs", "js", "jar"]',
  'request.header("User-Agent").contains("curl/")',
  'response.header("Content-Type").startsWith("text/html")',
  'request.path.startsWith("/api/") && request.query.contains("raw=1")',
  'client.groups.exists(g, g.startsWith("admin-"))',
  'service.method == "REQMOD" && entity.size > 1048576',
  'request.scheme == "http" && request.port == 8080',
  'client.user == "" && client.peer != "10.0.0.2"',
  'request.extension == "iso" || entity.fileName.endsWith(".img")',
];
const rules: Rule[] = conditions.map((when, index) => ({
  name: `rule-${index}`,
  when,
  action: "Block",
}));
const twenty = compileRules(rules);
const none = compileRules([]);
const patterns = compileRules([
  { name: "pattern", when: 'request.path.re("^/release/[0-9]+[.][0-9]+/")', action: "Skip" },
]);
const hours = compileRules([
  {
    name: "hours",
    when: '!now.inWindow("Mon-Fri", "08:00-18:00", "Europe/Berlin")',
    action: "Block",
  },
]);

export const suite: MicroSuite = {
  title: "decide by rules",
  tasks: [
    { name: "no rules", run: () => none.decide(facts) },
    { name: "20 rules, no match", run: () => twenty.decide(facts) },
    { name: "one pattern", run: () => patterns.decide(facts) },
    { name: "one time window", run: () => hours.decide(facts) },
    { name: "compile 20 rules", run: () => compileRules(rules) },
  ],
};

// The architecture as data: docs/architecture.md says why. Whatever is not listed is forbidden.
// The parser must be swc: under TypeScript 7 the default one cruises 0 modules and still exits 0
// (test/architecture proves that the rules are alive).

/** Which folder of src may import which others; always through their index.ts. */
const allowed = {
  protocol: [],
  telemetry: [],
  config: [],
  resources: [],
  entity: ["telemetry"],
  scanning: ["entity", "telemetry"],
  scanners: ["scanning", "entity", "telemetry"],
  cache: ["scanning", "telemetry"],
  services: ["protocol", "entity", "scanning", "telemetry"],
  transaction: ["protocol", "entity", "services", "telemetry"],
  server: ["protocol", "transaction", "telemetry"],
  admin: ["telemetry"],
  client: ["protocol"],
  cli: ["config", "client", "telemetry"],
};

/** Which outside modules may be imported, and from where only. */
const fences = [
  { name: "net", module: builtin("net", "tls"), from: "^src/(server|client)/" },
  { name: "http", module: builtin("http", "https", "http2"), from: "^src/(admin|scanners)/" },
  { name: "cluster", module: builtin("cluster"), from: "^src/server/" },
  { name: "worker-threads", module: builtin("worker_threads"), from: "^src/scanners/" },
  { name: "child-process", module: builtin("child_process"), from: "^src/scanners/" },
  { name: "nobody", module: builtin("dgram", "inspector", "repl", "vm"), from: "^$" },
  { name: "undici", module: npm("undici"), from: "^src/scanning/" },
  { name: "redis", module: npm("ioredis"), from: "^src/cache/" },
  { name: "kubernetes", module: npm("@kubernetes/[^/]+"), from: "^operator/" },
  {
    name: "observability",
    module: npm("pino", "prom-client", "@opentelemetry/[^/]+"),
    from: "^src/telemetry/",
  },
  { name: "schemas", module: npm("zod", "yaml"), from: "^src/(config|resources)/" },
  {
    name: "engines",
    module: npm("yauzl", "tar-stream", "libarchive\\.js", "@litko/[^/]+"),
    from: "^src/scanners/",
  },
  {
    name: "rule-language",
    module: npm("@marcbachmann/cel-js"),
    from: "^src/(services/rules|resources)/",
  },
  { name: "command-line", module: npm("commander"), from: "^src/cli/" },
];

/** Files that compose the rest and so see all of it. */
const compositionRoot = "^src/(app|main)\\.ts$";

function builtin(...names) {
  return `^(node:)?(${names.join("|")})(/|$)`;
}

function npm(...names) {
  return `(^|/)node_modules/(${names.join("|")})/|^(${names.join("|")})(/|$)`;
}

function folderRule([folder, others]) {
  const open = [folder, ...others.map((other) => `${other}/index\\.ts$`)];
  const extra = folder === "cli" ? ["^src/app\\.ts$"] : [];
  return {
    name: `${folder}-imports-only-${others.join("-") || "nothing"}`,
    severity: "error",
    from: { path: `^src/${folder}/` },
    to: {
      path: "^(src|operator|test|bench|scripts)/",
      pathNot: [`^src/${open[0]}/`, ...open.slice(1).map((path) => `^src/${path}`), ...extra],
    },
  };
}

function fenceRule({ name, module, from }) {
  return {
    name: `fence-${name}`,
    severity: "error",
    from: { path: "^(src|operator)/", pathNot: from },
    to: { path: module },
  };
}

module.exports = {
  forbidden: [
    {
      name: "no-cycles",
      comment: "two files that need each other are one file or lack a third",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "no-orphans",
      comment: "nothing imports it and it imports nothing",
      severity: "error",
      from: { orphan: true, pathNot: "^(src|operator)/main\\.ts$" },
      to: {},
    },
    {
      name: "every-import-resolves",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: "every-folder-is-listed",
      comment: "a new folder of src gets a line in `allowed` above",
      severity: "error",
      from: {
        path: "^src/",
        pathNot: [compositionRoot, `^src/(${Object.keys(allowed).join("|")})/`],
      },
      to: {},
    },
    {
      name: "composition-root-imports-index-only",
      severity: "error",
      from: { path: compositionRoot },
      to: { path: "^src/[^/]+/", pathNot: "^src/[^/]+/index\\.ts$" },
    },
    {
      name: "nobody-imports-the-composition-root",
      comment: "but the command line, which starts it",
      severity: "error",
      from: { path: "^(src|operator)/", pathNot: ["^src/cli/", compositionRoot] },
      to: { path: compositionRoot },
    },
    {
      name: "protocol-is-pure",
      comment: "bytes in, values out: no socket, clock, file or library",
      severity: "error",
      from: { path: "^src/protocol/" },
      to: {
        dependencyTypes: ["core", "npm", "npm-dev", "npm-optional"],
        pathNot: "^(node:)?buffer$",
      },
    },
    {
      name: "operator-knows-resources-only",
      severity: "error",
      from: { path: "^operator/" },
      to: { path: "^(src|test|bench|scripts)/", pathNot: "^src/resources/index\\.ts$" },
    },
    {
      name: "run-time-code-needs-no-dev-dependency",
      severity: "error",
      from: { path: "^(src|operator)/" },
      to: {
        dependencyTypes: ["npm-dev"],
        dependencyTypesNot: ["npm", "npm-optional", "type-only"],
      },
    },
    ...Object.entries(allowed).map(folderRule),
    ...fences.map(fenceRule),
  ],
  options: {
    parser: "swc",
    doNotFollow: { path: "node_modules" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default", "types"],
    },
  },
};

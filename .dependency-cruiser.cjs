// The architecture as data, the same table as in docs/architecture.md (test/architecture holds the
// two together and proves that the rules are alive). Whatever is not listed is forbidden.
// The parser must be swc: under TypeScript 7 the default one cruises 0 modules and still exits 0.

/** For each folder of src: which others it may import, and which outside modules only it may. */
const folders = {
  protocol: { may: [] },
  cel: { may: [], outside: ["@marcbachmann/cel-js", "re2js"] },
  telemetry: { may: [], outside: ["pino", "prom-client"] },
  config: { may: [], outside: ["zod", "yaml", "fastest-levenshtein"] },
  resources: {
    may: ["cel", "services/rules", "scanning/template"],
    outside: ["zod", "yaml", "smol-toml", "fastest-levenshtein", "@marcbachmann/cel-js"],
  },
  addresses: { may: [], outside: ["net"] }, // of net, addresses only: see biome.json
  follow: { may: [] },
  entity: { may: ["telemetry"] },
  scanning: {
    may: ["entity", "telemetry"],
    outside: ["net", "undici", "zod", "content-disposition"], // of net, addresses only: see biome.json
  },
  "scanning/template": {
    may: ["cel", "scanning", "entity", "telemetry"],
    outside: ["undici", "ipaddr.js"],
  },
  scanners: {
    may: ["cel", "follow", "scanning", "entity", "telemetry"],
    outside: [
      ...["worker_threads", "child_process", "http", "https", "net", "tls", "sqlite"],
      ...["negotiator", "zod", "yaml", "tldts", "ioredis", "pg", "mysql2"],
      ...["yauzl", "tar-stream", "xz-decompress", "seek-bzip", "postal-mime", "libarchive.js"],
      "@litko/yara-x-linux-x64-gnu",
    ],
  },
  cache: { may: ["scanning", "entity", "telemetry"], outside: ["ioredis", "lru-cache"] },
  background: { may: ["cache", "scanning", "entity", "telemetry"], outside: ["zod"] },
  events: { may: ["background", "telemetry"], outside: ["undici"] },
  "services/rules": {
    may: ["cel", "telemetry"],
    outside: ["ipaddr.js"],
  },
  services: {
    may: ["addresses", "protocol", "entity", "scanning", "telemetry"],
    outside: ["zod", "negotiator", "mustache"],
  },
  runtime: {
    may: ["follow", "resources", "services", "background", "entity", "scanning", "telemetry"],
  },
  transaction: { may: ["protocol", "entity", "services", "telemetry"] },
  server: {
    may: ["addresses", "follow", "protocol", "transaction", "telemetry"],
    outside: ["net", "tls", "cluster"],
  },
  admin: { may: ["follow", "telemetry"], outside: ["http", "https", "tls", "zod"] },
  client: { may: ["protocol"], outside: ["net", "tls"] },
  chain: {
    may: ["client", "protocol", "scanning", "entity", "telemetry"],
    outside: ["content-disposition"],
  },
  cli: { may: ["config", "client", "telemetry"], outside: ["commander", "undici"] },
};

/** Modules that no part of Sluice has a use for. */
const nobody = ["dgram", "http2", "inspector", "repl", "vm"];

/** The files that compose the rest and so see all of it. */
const compositionRoot = "^src/(app/|main\\.ts$)";

const names = Object.keys(folders);
const fenced = [...new Set(names.flatMap((name) => folders[name].outside ?? []))];

/** Matches a module as written and as resolved: `pino`, `node:net`, `…/node_modules/pino/x.js`. */
function moduleNamed(name) {
  const literal = name.replaceAll(".", "\\.");
  return `(^|^node:|(^|/)node_modules/)${literal}(/|$)`;
}

/** The files of a folder, without those of a folder in it that has a line of its own. */
function filesOf(folder) {
  const nested = names.filter((name) => name.startsWith(`${folder}/`));
  return `^src/${folder}/${nested.map((name) => `(?!${name.slice(folder.length + 1)}/)`).join("")}`;
}

function folderRule(folder) {
  const { may } = folders[folder];
  const extra = folder === "cli" ? ["^src/app/index\\.ts$"] : [];
  return {
    name: `${folder}-imports-only-${may.join("-") || "nothing"}`,
    severity: "error",
    from: { path: filesOf(folder) },
    to: {
      path: "^(src|operator|test|bench|scripts)/",
      pathNot: [`^src/${folder}/`, ...may.map((other) => `^src/${other}/index\\.ts$`), ...extra],
    },
  };
}

function fenceRule(module) {
  const inside = names.filter((name) => folders[name].outside?.includes(module));
  return {
    name: `fence-${module}`,
    comment: `only for ${inside.join(", ")}`,
    severity: "error",
    from: { path: "^(src|operator)/", pathNot: inside.map(filesOf) },
    to: { path: moduleNamed(module) },
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
      from: { orphan: true, pathNot: ["^(src|operator)/main\\.ts$", "\\.d\\.ts$"] },
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
      comment: "a new folder of src gets a line in `folders` above and in docs/architecture.md",
      severity: "error",
      from: { path: "^src/", pathNot: [compositionRoot, `^src/(${names.join("|")})/`] },
      to: {},
    },
    {
      name: "every-package-is-fenced",
      comment: "a new dependency gets its place in `folders` and a line in docs/adr/0003",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "node_modules/", pathNot: fenced.map(moduleNamed) },
    },
    {
      name: "composition-root-imports-index-only",
      severity: "error",
      from: { path: compositionRoot },
      to: {
        path: "^src/[^/]+/",
        pathNot: ["^src/app/", ...names.map((name) => `^src/${name}/index\\.ts$`)],
      },
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
      name: "fence-nobody",
      severity: "error",
      from: { path: "^(src|operator)/" },
      to: { path: nobody.map(moduleNamed) },
    },
    ...names.map(folderRule),
    ...fenced.map(fenceRule),
  ],
  options: { parser: "swc", doNotFollow: { path: "node_modules" } },
};

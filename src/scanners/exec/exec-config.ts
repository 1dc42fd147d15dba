import { z } from "zod";
import { quantityBytes } from "../../cel/index.ts";
import { CacheScope, VerdictKind, VerdictReason } from "../../scanning/index.ts";
import { durationMs } from "../settings/duration.ts";
import { readSettingsFile } from "../settings/settings-file.ts";
import { placeholdersIn, templateProblem } from "./argument-template.ts";
import { resultProblem } from "./result-language.ts";

const KiB = 1024;
const MiB = 1024 * KiB;

const span = durationMs.refine((ms) => ms > 0, "must be more than 0");

const bytes = z
  .union([z.string(), z.number()])
  .transform(quantityBytes)
  .refine((count) => count > 0, "must be a size such as 65536, 64Ki or 10Mi");

const absolutePath = z.string().regex(/^\/[^\0]*$/, "must be an absolute path");

const argument = z
  .string()
  .regex(/^[^\0]*$/, "must not hold a zero byte")
  .superRefine((template, context) => {
    const problem = templateProblem(template);
    if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
  });

const word = z.enum([
  VerdictKind.Clean,
  VerdictKind.Blocked,
  VerdictKind.Suspicious,
  VerdictKind.Unscannable,
  VerdictKind.Unknown,
  VerdictKind.Modified,
  VerdictKind.Error,
]);

/** CEL over what the program left behind. */
const expression = (gives: string) =>
  z.string().superRefine((source, context) => {
    const problem = resultProblem(source, gives);
    if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
  });

const schema = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,62}$/, "must be a lower-case name such as clamscan")
      .default("exec"),
    mode: z.enum(["process", "server"]).default("process"),
    command: absolutePath,
    args: z.array(argument).max(100).default([]),
    environment: z
      .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string().regex(/^[^\0]*$/))
      .default({}),
    input: z.enum(["stdin", "file", "none"]).default("stdin"),
    extensions: z
      .array(z.string().regex(/^[a-z0-9]{1,12}$/, "must be an extension such as pdf"))
      .default([]),
    timeout: span.default(30_000),
    concurrency: z.int().min(1).max(1000).optional(),
    limits: z
      .strictObject({
        stdout: bytes.default(64 * KiB),
        stderr: bytes.default(16 * KiB),
        content: bytes.default(100 * MiB),
      })
      .prefault({}),
    exitCodes: z.record(z.string().regex(/^\d{1,3}$/, "must be an exit code"), word).default({}),
    verdict: expression("string").optional(),
    threats: expression("list").optional(),
    message: expression("string").optional(),
    score: expression("double").optional(),
    reason: z.enum(VerdictReason).optional(),
    output: z
      .strictObject({
        from: z.enum(["stdout", "file"]),
        mediaType: z
          .string()
          .regex(/^[\w.+-]+\/[\w.+-]+$/, "must be a media type such as image/png")
          .optional(),
      })
      .optional(),
    epoch: z
      .strictObject({
        command: z.tuple([absolutePath], z.string()).optional(),
        files: z.array(absolutePath).default([]),
        every: span.default(600_000),
      })
      .prefault({}),
    cache: z.strictObject({ scope: z.enum(CacheScope) }).optional(),
  })
  .superRefine((config, context) => {
    for (const [path, message] of contradictions(config)) {
      context.addIssue({ code: "custom", path: [path], message });
    }
  });

/** What `--config` of `sluice scanner exec` holds. */
export type ExecConfig = z.output<typeof schema>;

type Contradiction = readonly [path: string, message: string];

function contradictions(config: z.output<typeof schema>): Contradiction[] {
  const named = new Set(config.args.flatMap(placeholdersIn));
  const isServer = config.mode === "server";
  const hasFile = config.input === "file" || isServer;
  const found: (Contradiction | false)[] = [
    named.has("file") && !hasFile && ["args", "{file} needs input: file"],
    named.has("sha256") &&
      !hasFile && ["args", "{sha256} needs input: file, for it is known only when all has arrived"],
    named.has("output") &&
      config.output?.from !== "file" && ["args", "{output} needs output: { from: file }"],
    isServer && named.size > 0 && ["args", "a server is started before there is anything to scan"],
    isServer &&
      config.output?.from === "stdout" && [
        "output",
        "the standard output of a server has its answers: write new content to the file it is told",
      ],
    isServer &&
      (config.verdict !== undefined || Object.keys(config.exitCodes).length > 0) && [
        "verdict",
        "a server gives verdicts of its own",
      ],
    !isServer &&
      config.verdict === undefined &&
      Object.keys(config.exitCodes).length === 0 && [
        "exitCodes",
        "is needed, or verdict is: without them every scan is an error",
      ],
  ];
  return found.filter((one) => one !== false);
}

/**
 * What the verdicts of a program depend on. As it knows nothing but what it is told, that can be
 * read off its arguments; a server is told all, and what of it counts only its author knows.
 */
export function cacheScopeOf({ args, cache, extensions, input, mode }: ExecConfig): CacheScope {
  if (cache !== undefined) return cache.scope;
  if (mode === "server") return CacheScope.None;
  const named = new Set(args.flatMap(placeholdersIn));
  const hasName = named.has("filename") || named.has("type") || extensions.length > 0;
  const hasUrl = named.has("url");
  if (hasName && hasUrl) return CacheScope.None;
  if (hasName) return CacheScope.ContentAndName;
  if (hasUrl) return input === "none" ? CacheScope.Url : CacheScope.ContentAndUrl;
  return CacheScope.Content;
}

/** Rejects with a `SettingsError`: a line for each thing that is wrong. */
export function readExecConfig(path: string): Promise<ExecConfig> {
  return readSettingsFile(path, schema);
}

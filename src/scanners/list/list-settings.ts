import { z } from "zod";
import { VerdictReason } from "../../scanning/index.ts";
import { durationMs } from "../settings/duration.ts";
import { readSettingsFile } from "../settings/settings-file.ts";
import { hashFormats } from "./hashes/hash-lines.ts";
import { listName, listReason, listVerdict } from "./list-answer.ts";
import { nameFormats } from "./names/name-files.ts";
import { redisListSchema } from "./redis/redis-settings.ts";

const path = z.string().min(1);
const invalidLines = z.enum(["skip", "refuse"]);

const nameListSchema = z.strictObject({
  name: listName,
  type: z.literal("names"),
  path,
  format: z.enum(nameFormats).default("auto"),
  verdict: listVerdict.default("blocked"),
  reason: listReason.default(VerdictReason.Category),
  /** What the hit is called where the list has no categories of its own; left out: the list's name. */
  category: z.string().min(1).max(256).optional(),
  /** Of a squidGuard directory: those that are read, and what each means. */
  categories: z.record(z.string(), listVerdict).optional(),
  subdomains: z.boolean().default(false),
  invalidLines: invalidLines.default("skip"),
});
export type NameListSettings = z.output<typeof nameListSchema>;

const hashListSchema = z.strictObject({
  name: listName,
  type: z.literal("hashes"),
  path,
  format: z.enum(hashFormats).default("auto"),
  verdict: listVerdict.default("blocked"),
  reason: listReason.default(VerdictReason.Malware),
  invalidLines: invalidLines.default("refuse"),
});
export type HashListSettings = z.output<typeof hashListSchema>;

const settingsSchema = z.strictObject({
  /** How often files are looked at for a change. */
  pollInterval: durationMs.default(5000),
  /** The verdict on what no list has. */
  unlisted: z.enum(["unknown", "clean"]).default("unknown"),
  lists: z
    .array(z.discriminatedUnion("type", [nameListSchema, hashListSchema, redisListSchema]))
    .min(1, "names no list")
    .superRefine((lists, context) => {
      const names = lists.map((list) => list.name);
      for (const [index, one] of names.entries()) {
        if (names.indexOf(one) === index) continue;
        context.addIssue({ code: "custom", path: [index, "name"], message: "is there twice" });
      }
    }),
});
export type ListSettings = z.output<typeof settingsSchema>;

/** The lists of the simple case, which need no settings file: paths of files and directories. */
export interface SimpleLists {
  readonly names: readonly string[];
  readonly hashes: readonly string[];
  readonly allowNames: readonly string[];
  readonly allowHashes: readonly string[];
}

/** Reads a settings file; rejects with a `SettingsError`. */
export function readListSettings(file: string): Promise<ListSettings> {
  return readSettingsFile(file, settingsSchema);
}

/** Settings as they would be written for the simple case; throws when there is no list. */
export function simpleListSettings(simple: SimpleLists): ListSettings {
  const lists = [
    ...simple.names.map((each) => ({ type: "names", path: each })),
    ...simple.hashes.map((each) => ({ type: "hashes", path: each })),
    ...simple.allowNames.map((each) => ({ type: "names", path: each, verdict: "clean" })),
    ...simple.allowHashes.map((each) => ({ type: "hashes", path: each, verdict: "clean" })),
  ];
  const named = lists.map((list, index) => ({ ...list, name: nameOf(list.path, index) }));
  return settingsSchema.parse({ lists: named });
}

/** The name of the file without its ending, with a number, for two may be alike. */
function nameOf(file: string, index: number): string {
  const base = file.replace(/\/+$/, "").split("/").at(-1) ?? "";
  const plain = base.replace(/\.[^.]*$/, "").replace(/[^a-z0-9._-]/gi, "-");
  return `${/^[a-z0-9]/i.test(plain) ? plain.slice(0, 50) : "list"}-${index + 1}`;
}

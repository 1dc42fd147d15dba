import { type Command, InvalidArgumentError, Option } from "commander";
import { parseDuration } from "../../config/index.ts";
import type { CliContext } from "../cli-context.ts";
import type { ExitCode } from "../exit-code.ts";
import {
  type AdminFlags,
  cacheLookup,
  cachePurge,
  cacheStats,
  DEFAULT_ADMIN_URL,
  type LookupFlags,
  listOverrides,
  type OverrideFlags,
  type PurgeFlags,
  removeOverride,
  setOverride,
} from "./cache-commands.ts";

type Done = (code: ExitCode) => void;

/** Adds `sluice cache` and what is below it. */
export function addCache(program: Command, context: CliContext, done: Done): void {
  const cache = program
    .command("cache")
    .description("Look at the verdict cache of a running server, purge it, override verdicts.");
  addReading(cache, context, done);
  addPurge(cache, context, done);
  addOverride(cache, context, done);
}

function addReading(cache: Command, context: CliContext, done: Done): void {
  withAdminFlags(cache.command("stats"))
    .description("Print what the cache holds and how often it answers.")
    .action(async (flags: AdminFlags) => done(await cacheStats(flags, context)));
  withAdminFlags(cache.command("lookup"))
    .argument("<content>", "SHA-256, or a file")
    .description("Print what is remembered of a content, and what operators say of it.")
    .option("--type <media type>", "media type as senders declare it, for scanners that go by it")
    .option("--name <file name>", "file name as senders give it, for scanners that go by it")
    .action(async (what: string, flags: LookupFlags) =>
      done(await cacheLookup(what, flags, context)),
    );
}

function addPurge(cache: Command, context: CliContext, done: Done): void {
  withAdminFlags(cache.command("purge"))
    .description("Forget verdicts, on all pods: the next request for the content is scanned.")
    .option("--scanner <name>", "only of this scanner: its name, or IcapScanner/namespace/name")
    .option("--sha256 <content>", "only on this content: its SHA-256, or a file")
    .addOption(
      new Option(
        "--before <time>",
        "only those given before: 2027-01-31T12:00:00Z, or 2h ago: 2h",
      ).argParser((text: string) => moment(text, -1)),
    )
    .option("--yes", "purge everything, where neither --scanner nor --sha256 is given")
    .action(async (flags: PurgeFlags) => done(await cachePurge(flags, context)));
}

function addOverride(cache: Command, context: CliContext, done: Done): void {
  const override = cache
    .command("override")
    .description("Allow or block a content, whatever scanners say of it.");
  withAdminFlags(override.command("list"))
    .description("Print the overrides that hold.")
    .action(async (flags: AdminFlags) => done(await listOverrides(flags, context)));
  for (const action of ["allow", "block"] as const) {
    const most = action === "allow" ? "90 days" : "10 years";
    withAdminFlags(override.command(action))
      .argument("<content>", "SHA-256, or a file")
      .description(
        action === "allow"
          ? "Let a content pass that scanners would judge; rules still hold."
          : "Block a content before any scanner is asked.",
      )
      .requiredOption("--reason <text>", "why; in the log, and on the page of who is blocked")
      .addOption(
        new Option("--for <time>", `how long: 12h, 7d; ${most} at most`)
          .argParser(duration)
          .conflicts("until"),
      )
      .addOption(
        new Option("--until <time>", "the same as a moment: 2027-01-31T12:00:00Z").argParser(
          (text: string) => moment(text, 1),
        ),
      )
      .option("--author <name>", "who answers for it; the owner of the token by default")
      .addOption(
        new Option(
          "--service <name>",
          "only in this service: name, or namespace/name; may be given several times",
        ).argParser((name: string, earlier: readonly string[] = []) => [...earlier, name]),
      )
      .action(async (what: string, flags: OverrideFlags) =>
        done(await setOverride(action, what, flags, context)),
      );
  }
  withAdminFlags(override.command("remove"))
    .argument("<content>", "SHA-256, or a file")
    .description("Take back what was said of a content: scanners judge it again.")
    .action(async (what: string, flags: AdminFlags) =>
      done(await removeOverride(what, flags, context)),
    );
}

function withAdminFlags(command: Command): Command {
  return command
    .option("--admin-url <url>", `admin port (SLUICE_ADMIN_URL; default: ${DEFAULT_ADMIN_URL})`)
    .option("--token-file <file>", "file with the token (or SLUICE_ADMIN_TOKEN, the token itself)")
    .option("--tls-ca <file>", "certificate authorities (PEM) of an admin port with TLS")
    .option("--json", "print the answer as JSON")
    .addHelpText(
      "after",
      "\nExit status: 0 when it is done, 1 when the server refused or could not be asked, 2 for wrong usage.",
    );
}

function duration(text: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined && ms > 0) return ms;
  throw new InvalidArgumentError("It must be a time such as 12h or 7d.");
}

/** A moment, or a time before (-1) or after (1) now. */
function moment(text: string, direction: 1 | -1): number {
  const ms = parseDuration(text);
  if (ms !== undefined) return Date.now() + direction * ms;
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(time)) return time;
  throw new InvalidArgumentError("It must be a moment such as 2027-01-31T12:00:00Z, or 2h.");
}

import { Argument, Command, CommanderError, Option } from "commander";
import { addCache } from "./cache/cache-program.ts";
import { type CheckFlags, check } from "./check-command.ts";
import type { CliContext } from "./cli-context.ts";
import { defaultService, serviceUrl, withClientFlags } from "./client-flags.ts";
import { configCheck, configDefault, configSettings } from "./config-command.ts";
import { type ConformanceFlags, scannerConformance, scannerUrl } from "./conformance-command.ts";
import { type ConvertFlags, convert as convertConfiguration } from "./convert-command.ts";
import { ExitCode } from "./exit-code.ts";
import { type ProbeFlags, probe } from "./probe-command.ts";
import { type ScanFlags, scan } from "./scan-command.ts";
import { serveScanner } from "./scanner-command.ts";
import { type ScannerFlags, settingOption } from "./scanners/scanner-setting.ts";
import { serverSettings } from "./scanners/server-settings.ts";
import { shippedScanners } from "./scanners/shipped-scanners.ts";
import { serve } from "./serve-command.ts";
import { settingsHelp } from "./settings-help.ts";
import { version } from "./version.ts";

const helpColumns = 96;

/** Runs the command that the arguments name; the result is the exit status of the process. */
export async function runCli(context: CliContext): Promise<ExitCode> {
  let exitCode: ExitCode = ExitCode.Ok;
  const program = buildProgram(context, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(context.argv, { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError)
      return error.exitCode === 0 ? ExitCode.Ok : ExitCode.Unusable;
    context.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
    return ExitCode.Failed;
  }
}

type Done = (code: ExitCode) => void;

function buildProgram(context: CliContext, done: Done): Command {
  const program = new Command("sluice")
    .description(
      "ICAP server (RFC 3507) that scans what proxies, mail gateways and storage hand it.",
    )
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
      getOutHelpWidth: () => helpColumns,
      getErrHelpWidth: () => helpColumns,
    })
    .helpCommand(false)
    .enablePositionalOptions();
  addServe(program, context, done);
  addScan(program, context, done);
  addProbe(program, context, done);
  addCheck(program, context, done);
  addConvert(program, context, done);
  addScanner(program, context, done);
  addConformance(program, context, done);
  addCache(program, context, done);
  addConfig(program, context, done);
  addVersion(program, context);
  return program;
}

/** Settings are read by src/config, which reports all problems at once; commander passes them on. */
function takesSettings(command: Command): Command {
  return command.allowUnknownOption().allowExcessArguments().passThroughOptions();
}

function addServe(program: Command, context: CliContext, done: Done): void {
  takesSettings(program.command("serve"))
    .usage("[settings]")
    .description("Serve ICAP until SIGTERM or SIGINT. Needs no settings.")
    .addHelpText("after", settingsHelp(helpColumns))
    .action(async (_flags, command: Command) => done(await serve(command.args, context)));
}

function addScan(program: Command, context: CliContext, done: Done): void {
  withClientFlags(program.command("scan"))
    .argument("[files...]", "files to scan; - is standard input")
    .description("Have a running server scan files, and print a line for each.")
    .addOption(
      new Option("--service <url>", "service to ask")
        .argParser(serviceUrl)
        .default(serviceUrl(defaultService), defaultService),
    )
    .option("--eicar", "scan the EICAR test file: harmless, and detected by every scanner")
    .option("--json", "print a JSON object a line")
    .addHelpText(
      "after",
      `
Results: clean, blocked, modified (the server gave back another file), unjudged (the server let
it pass without a verdict, as configured), error.

Exit status: 0 when nothing was blocked, 1 when something was, 2 when something could not be
scanned and nothing was blocked.`,
    )
    .action(async (files: string[], flags: ScanFlags) => done(await scan(files, flags, context)));
}

function addProbe(program: Command, context: CliContext, done: Done): void {
  withClientFlags(program.command("probe"))
    .addArgument(
      new Argument("[url]", "service to ask")
        .argParser(serviceUrl)
        .default(serviceUrl(defaultService), defaultService),
    )
    .description("Ask a service for its OPTIONS and print them; for health checks.")
    .option("--json", "print one JSON object")
    .addHelpText("after", "\nExit status: 0 when it answered 200, otherwise 1; 2 for wrong usage.")
    .action(async (url, flags: ProbeFlags) => done(await probe(url, flags, context)));
}

function addCheck(program: Command, context: CliContext, done: Done): void {
  program
    .command("check")
    .argument("[paths...]", "files and directories with resources")
    .description("Judge resources as serve would, and print what would be served.")
    .addOption(
      new Option("-f, --file <path>", "the same as a path").argParser(
        (path: string, earlier: readonly string[] = []) => [...earlier, path],
      ),
    )
    .option("--json", "print the routing table as JSON")
    .addHelpText(
      "after",
      `
Without paths: the built-in resources (sluice config default).

Exit status: 0 when all is right, 2 when not; then every problem is on a line of standard error.`,
    )
    .action(async (paths: string[], flags: CheckFlags) => done(await check(paths, flags, context)));
}

function addConvert(program: Command, context: CliContext, done: Done): void {
  const convert = program
    .command("convert")
    .description("Write the resources that do what another ICAP server's configuration says.");
  takesConvertFlags(convert.command("icapeg"))
    .argument("<config.toml>", "ICAPeg's configuration")
    .description("Convert ICAPeg's services echo, clamav, clhashlookup and hashlocal.")
    .option("--hash-lookup-url <url>", "scan/v1 scanner that looks hashes up")
    .action(async (file: string, flags: ConvertFlags) =>
      done(await convertConfiguration("convertIcapeg", [file], flags, context)),
    );
  takesConvertFlags(convert.command("c-icap"))
    .argument("<files...>", "c-icap.conf, the files that it includes, squidclamav.conf")
    .description("Convert c-icap's services virus_scan, squidclamav and echo.")
    .action(async (files: string[], flags: ConvertFlags) =>
      done(await convertConfiguration("convertCIcap", files, flags, context)),
    );
}

function takesConvertFlags(command: Command): Command {
  return command
    .option("-o, --output <file>", "write the resources there rather than to standard output")
    .option("--clamav-url <url>", "scan/v1 scanner that stands before clamd")
    .addHelpText(
      "after",
      `
What is not carried over, or not quite, is listed on standard error.

Exit status: 0 when the resources can be served, 1 when they must be mended first, 2 when there
are none.`,
    );
}

function addScanner(program: Command, context: CliContext, done: Done): void {
  const scanner = program
    .command("scanner")
    .description("Serve a scanner over HTTP (scan/v1), for sluice serve to ask.");
  for (const shipped of shippedScanners) {
    const command = scanner
      .command(shipped.name)
      .description(`Serve scan/v1 ${shipped.summary}, until SIGTERM or SIGINT.`)
      .addHelpText("after", scannerHelp);
    for (const setting of [...shipped.settings, ...serverSettings]) {
      command.addOption(settingOption(setting));
    }
    command.action(async (flags: ScannerFlags) =>
      done(await serveScanner(shipped, flags, context)),
    );
  }
}

const scannerHelp = `
Each setting is also a variable: --max-bytes is SLUICE_SCANNER_MAX_BYTES. A flag wins.

Exit status: 0 after a signal, when all scans have ended; 1 when it could not start or was cut
short by a second signal; 2 when settings are wrong.`;

function addConformance(program: Command, context: CliContext, done: Done): void {
  program
    .command("scanner-conformance")
    .addArgument(new Argument("<url>", "base URL of the scanner").argParser(scannerUrl))
    .description("Hold a scanner to the rules of scan/v1, and print a line for each.")
    .option("--json", "print a JSON object a line")
    .option(
      "--token-file <file>",
      "file with the bearer token of the scanner (or SLUICE_SCANNER_TOKEN, the token itself)",
    )
    .addHelpText(
      "after",
      "\nExit status: 0 when no rule is broken, otherwise 1; 2 for wrong usage.",
    )
    .action(async (url: string, flags: ConformanceFlags) =>
      done(await scannerConformance(url, flags, context)),
    );
}

function addConfig(program: Command, context: CliContext, done: Done): void {
  const config = program
    .command("config")
    .description("Print the built-in resources; print and check settings.");
  config
    .command("default")
    .description("Print the resources that are served when no others are given.")
    .action(async () => done(await configDefault(context)));
  config
    .command("settings")
    .description("Print a settings file with every default and its meaning.")
    .action(() => done(configSettings(context)));
  takesSettings(config.command("check"))
    .usage("[settings]")
    .description("Check settings as serve would, and print those in force with their origin.")
    .addHelpText(
      "after",
      "\nExit status: 0 when all is right, 2 when not. Settings: sluice serve --help",
    )
    .action((_flags, command: Command) => done(configCheck(command.args, context)));
}

function addVersion(program: Command, { stdout }: CliContext): void {
  program
    .command("version")
    .description("Print the version.")
    .action(() => {
      stdout.write(`sluice ${version} (node ${process.versions.node})\n`);
    });
}

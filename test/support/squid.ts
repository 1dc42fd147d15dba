import { writeFileSync } from "node:fs";
import type { CertificateAuthority } from "./certificate-authority.ts";
import { ChildProgram, runProgram } from "./child-program.ts";
import { freePort, waitForListener } from "./free-port.ts";
import { TempDirectory } from "./temp-directory.ts";

/** Programs that tests with Squid need (test/support/programs.tsv). */
export const squidPrograms = ["/usr/sbin/squid", "/usr/lib/squid/security_file_certgen"] as const;

const certgen = "/usr/lib/squid/security_file_certgen";

export interface SquidOptions {
  /** The lines of squid.conf about ICAP: `scannedOn`, or what a manual tells its readers to write. */
  readonly adaptation: readonly string[];
  /** Opens TLS with this authority, so that HTTPS content is adapted as well. */
  readonly bumpWith?: CertificateAuthority;
  /** Where it listens on the loopback; any free port by default. */
  readonly port?: number;
}

/** Hands every message in both directions to `/scan` on that port, and lets none bypass it. */
export function scannedOn(icapPort: number): string[] {
  const icap = `icap://127.0.0.1:${icapPort}/scan`;
  return [
    "icap_enable on",
    "icap_preview_enable on",
    "icap_persistent_connections on",
    "adaptation_send_client_ip on",
    "adaptation_send_username on",
    `icap_service requests reqmod_precache bypass=off ${icap}`,
    `icap_service responses respmod_precache bypass=off ${icap}`,
    "adaptation_access requests allow all",
    "adaptation_access responses allow all",
  ];
}

/**
 * Debian's Squid in front of the server under test: a forward proxy on the loopback that caches
 * nothing.
 */
export class Squid {
  readonly port: number;
  readonly #program: ChildProgram;
  readonly #directory: TempDirectory;

  private constructor(port: number, program: ChildProgram, directory: TempDirectory) {
    this.port = port;
    this.#program = program;
    this.#directory = directory;
  }

  static async start(options: SquidOptions): Promise<Squid> {
    const directory = new TempDirectory();
    const port = options.port ?? (await freePort());
    writeFileSync(directory.join("hosts"), "127.0.0.1 origin.test try.test\n");
    writeFileSync(directory.join("squid.conf"), configuration(port, directory, options));
    if (options.bumpWith) await prepareBump(directory, options.bumpWith);
    await giveToSquidUser(directory);
    const args = ["-N", "-d", "1", "-f", directory.join("squid.conf")];
    const program = new ChildProgram("/usr/sbin/squid", args);
    await program.stopUnless(isListening(program, port));
    return new Squid(port, program, directory);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** What Squid reported so far: its cache.log. */
  get log(): string {
    return this.#program.output;
  }

  async stop(): Promise<void> {
    await this.#program.stop();
    this.#directory.remove();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** Squid says that it accepts connections a moment before it listens. */
async function isListening(program: ChildProgram, port: number): Promise<void> {
  await program.waitForOutput(/Accepting .*HTTP Socket connections/, 60_000);
  await waitForListener(port);
}

function configuration(port: number, directory: TempDirectory, options: SquidOptions): string {
  return [
    options.bumpWith
      ? `http_port 127.0.0.1:${port} ssl-bump tls-cert=${directory.join("bump.pem")} generate-host-certificates=on`
      : `http_port 127.0.0.1:${port}`,
    ...(options.bumpWith ? bumpDirectives(directory) : []),
    ...options.adaptation,
    "http_access allow localhost",
    "http_access deny all",
    "cache deny all",
    "cache_mem 8 MB",
    `hosts_file ${directory.join("hosts")}`,
    "dns_nameservers 127.0.0.1",
    "access_log none",
    "cache_store_log none",
    "logfile_rotate 0",
    "netdb_filename none",
    "pinger_enable off",
    "shutdown_lifetime 1 second",
    "visible_hostname squid.test",
    `cache_log ${directory.join("cache.log")}`,
    `pid_filename ${directory.join("squid.pid")}`,
    `coredump_dir ${directory.path}`,
    "",
  ].join("\n");
}

function bumpDirectives(directory: TempDirectory): string[] {
  return [
    `sslcrtd_program ${certgen} -s ${directory.join("certificates")} -M 4MB`,
    "sslcrtd_children 2 startup=1 idle=1",
    "acl hello at_step SslBump1",
    "ssl_bump peek hello",
    "ssl_bump bump all",
    `tls_outgoing_options cafile=${directory.join("authority.pem")}`,
  ];
}

async function prepareBump(directory: TempDirectory, authority: CertificateAuthority) {
  writeFileSync(directory.join("bump.pem"), authority.bundle, { mode: 0o600 });
  writeFileSync(directory.join("authority.pem"), authority.cert);
  await runProgram(certgen, ["-c", "-s", directory.join("certificates"), "-M", "4MB"]);
}

/** Squid started by root gives up its rights, on Debian to the user `proxy`, before it writes files. */
async function giveToSquidUser(directory: TempDirectory): Promise<void> {
  if (process.getuid?.() === 0) await runProgram("chown", ["-R", "proxy:proxy", directory.path]);
}

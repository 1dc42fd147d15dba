import { writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { IcapClient, parseServiceUrl, type ServiceUrl } from "../../../src/client/index.ts";
import { ChildProgram } from "../../support/child-program.ts";
import { freePort } from "../../support/free-port.ts";
import { TempDirectory } from "../../support/temp-directory.ts";

const VIRUS_SCAN = "/usr/lib/x86_64-linux-gnu/c_icap/virus_scan.so";
const START_TIMEOUT_MS = 30_000;

/** What the tests start; each is listed in programs.tsv. */
export const cIcapPrograms = ["/usr/bin/c-icap", VIRUS_SCAN];

/** Debian's c-icap, with its echo service and virus_scan, which asks a clamd. */
export class CIcapServer {
  readonly #directory = new TempDirectory();
  readonly #port: number;
  #program: ChildProgram | undefined;

  private constructor(port: number) {
    this.#port = port;
  }

  /** `clamdSocket`: path of clamd's unix socket. */
  static async start(clamdSocket: string): Promise<CIcapServer> {
    const server = new CIcapServer(await freePort());
    await server.#start(clamdSocket);
    return server;
  }

  url(service: "echo" | "virus_scan"): string {
    return `icap://127.0.0.1:${this.#port}/${service}`;
  }

  async remove(): Promise<void> {
    await this.#program?.stop();
    this.#directory.remove();
  }

  async #start(clamdSocket: string): Promise<void> {
    const file = this.#directory.join("c-icap.conf");
    writeFileSync(file, this.#configuration(clamdSocket));
    this.#program = new ChildProgram("/usr/bin/c-icap", ["-N", "-D", "-f", file]);
    await this.#program.stopUnless(this.#answers());
  }

  #configuration(clamdSocket: string): string {
    const at = (name: string): string => this.#directory.join(name);
    const lines = [
      `PidFile ${at("c-icap.pid")}`,
      `CommandsSocket ${at("c-icap.ctl")}`,
      `Port 127.0.0.1:${this.#port}`,
      "ServerAdmin test@localhost",
      "ServerName test",
      `TmpDir ${this.#directory.path}`,
      `ServerLog ${at("server.log")}`,
      "DebugLevel 1",
      ...["StartServers 1", "MaxServers 1", "ThreadsPerChild 10", "MinSpareThreads 1"],
      ...["MaxSpareThreads 10", "MaxRequestsPerChild 0", "MaxKeepAliveRequests -1"],
      `ModulesDir ${dirname(VIRUS_SCAN)}`,
      `ServicesDir ${dirname(VIRUS_SCAN)}`,
      "TemplateDir /usr/share/c_icap/templates/",
      "TemplateDefaultLanguage en",
      "LoadMagicFile /etc/c-icap/c-icap.magic",
      "Service echo srv_echo.so",
      "Service antivirus_module virus_scan.so",
      "Module common clamd_mod.so",
      `clamd_mod.ClamdSocket ${clamdSocket}`,
      "virus_scan.ScanFileTypes TEXT DATA EXECUTABLE ARCHIVE",
      "virus_scan.MaxObjectSize 5M",
      "virus_scan.DefaultEngine clamd",
    ];
    return `${lines.join("\n")}\n`;
  }

  async #answers(): Promise<void> {
    const url = parseServiceUrl(this.url("echo")) as ServiceUrl;
    const deadline = AbortSignal.timeout(START_TIMEOUT_MS);
    for (;;) {
      const client = new IcapClient({
        url,
        connectTimeoutMs: 5000,
        idleTimeoutMs: 5000,
        userAgent: "test",
      });
      const facts = await client.options().catch(() => undefined);
      client.close();
      if (facts?.status === 200) return;
      if (deadline.aborted) throw new Error(`c-icap did not answer: ${this.#program?.output}`);
      await pause(50);
    }
  }
}

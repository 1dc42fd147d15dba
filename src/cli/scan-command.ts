import { createHash } from "node:crypto";
import {
  IcapClient,
  IcapClientError,
  type ServiceFacts,
  type ServiceUrl,
} from "../client/index.ts";
import type { CliContext } from "./cli-context.ts";
import { type ClientFlags, clientOptions } from "./client-flags.ts";
import { ExitCode } from "./exit-code.ts";
import {
  downloadOf,
  eicarSubject,
  fileSubject,
  HashedBody,
  type ScanSubject,
  stdinSubject,
  uploadOf,
} from "./scan-subject.ts";
import { icapStatus, ScanResult, type ScanVerdict, scanVerdict } from "./scan-verdict.ts";

export interface ScanFlags extends ClientFlags {
  readonly service: ServiceUrl;
  readonly json?: boolean;
  readonly eicar?: boolean;
}

/** A file that is opened when its turn comes. */
interface Queued {
  readonly file: string;
  readonly open: () => Promise<ScanSubject>;
}

/** The verdict on one file, as `--json` prints it. */
interface ScanLine extends ScanVerdict {
  readonly file: string;
}

/** Sends each file to a server and prints a line for it, in their order. */
export async function scan(
  files: readonly string[],
  flags: ScanFlags,
  context: CliContext,
): Promise<ExitCode> {
  const queue = queueOf(files, flags, context);
  if (queue.length === 0) {
    context.stderr.write("error: nothing to scan: name files, - for standard input, or --eicar\n");
    return ExitCode.Unusable;
  }
  const client = new IcapClient(clientOptions(flags.service, flags));
  try {
    const service = await askService(client, flags.service);
    const results = new Set<ScanResult>();
    for (const queued of queue) {
      const line = await scanQueued(queued, client, service);
      results.add(line.result);
      context.stdout.write(flags.json ? `${JSON.stringify(line)}\n` : textLine(line));
    }
    return exitCodeOf(results);
  } catch (error) {
    if (!(error instanceof IcapClientError)) throw error;
    context.stderr.write(`error: ${error.message}\n`);
    return ExitCode.Unusable;
  } finally {
    client.close();
  }
}

function queueOf(files: readonly string[], { eicar }: ScanFlags, { stdin }: CliContext): Queued[] {
  const queue = files.map((file) => ({
    file,
    open: async () => (file === "-" ? stdinSubject(stdin) : await fileSubject(file)),
  }));
  if (eicar) queue.unshift({ file: "eicar.com", open: async () => eicarSubject() });
  return queue;
}

/** Refuses a service that takes no files. */
async function askService(client: IcapClient, url: ServiceUrl): Promise<ServiceFacts> {
  const facts = await client.options();
  if (facts.status !== 200) throw unusable(url, icapStatus(facts));
  if (facts.methods.length === 0) throw unusable(url, "the service offers no method");
  return facts;
}

const unusable = (url: ServiceUrl, reason: string): IcapClientError =>
  new IcapClientError("protocol", `${url.uri}: ${reason}`);

async function scanQueued(
  { file, open }: Queued,
  client: IcapClient,
  service: ServiceFacts,
): Promise<ScanLine> {
  try {
    return { file, ...(await scanSubject(await open(), client, service)) };
  } catch (error) {
    return { file, result: ScanResult.Error, detail: (error as Error).message };
  }
}

async function scanSubject(
  subject: ScanSubject,
  client: IcapClient,
  { methods, previewBytes }: ServiceFacts,
): Promise<ScanVerdict> {
  const body = new HashedBody(subject.body);
  const returned = createHash("sha256");
  const onBody = (piece: Buffer): void => void returned.update(piece);
  const message = { body, previewBytes, onBody };
  const answer = methods.includes("RESPMOD")
    ? await client.respmod({ ...downloadOf(subject), ...message })
    : await client.reqmod({ ...uploadOf(subject), ...message });
  return scanVerdict(answer, { isSameBody: returned.digest("hex") === body.digest() });
}

function exitCodeOf(results: ReadonlySet<ScanResult>): ExitCode {
  if (results.has(ScanResult.Blocked)) return ExitCode.Failed;
  return results.has(ScanResult.Error) ? ExitCode.Unusable : ExitCode.Ok;
}

/** `blocked   eicar.com: EICAR-Test-File`; what a server says cannot break the line. */
function textLine({ result, file, detail }: ScanLine): string {
  const text = detail === undefined ? file : `${file}: ${detail}`;
  return `${result.padEnd(9)} ${text.replace(/\p{Cc}/gu, "?")}\n`;
}

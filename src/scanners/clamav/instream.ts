import { type ClamdConnection, ClamdFailure } from "./clamd-connection.ts";

/** The command; frames follow, each with its length in 32 bits, and one of no length ends the body. */
export const instreamCommand = Buffer.from("zINSTREAM\0");
const END = Buffer.alloc(4);

/** Sends a body by INSTREAM; resolves with clamd's reply, also when it came before the end. */
export async function instream(
  connection: ClamdConnection,
  body: AsyncIterable<Buffer> | Iterable<Buffer>,
): Promise<string> {
  await connection.send([instreamCommand]);
  for await (const chunk of body) {
    // A frame of no length would be the end.
    if (chunk.length > 0) await connection.send([frameHead(chunk), chunk]);
    if (connection.hasReply || !connection.isOpen) return await connection.reply();
  }
  await connection.send([END]);
  return await connection.reply();
}

/** SCAN of one file; the path is of our own making, so it ends no command. */
export const scanCommand = (path: string): Buffer => Buffer.from(`zSCAN ${path}\0`);

/** clamd names what it judged: here the file, in a stream `stream`. */
export function asStreamReply(reply: string, path: string): string {
  return reply.startsWith(`${path}: `) ? `stream: ${reply.slice(path.length + 2)}` : reply;
}

/** Sends one command and resolves with its reply. */
export async function ask(connection: ClamdConnection, command: string): Promise<string> {
  await connection.send([Buffer.from(`z${command}\0`)]);
  const reply = await connection.reply();
  if (reply === "UNKNOWN COMMAND") throw new ClamdFailure(`clamd does not know ${command}`);
  return reply;
}

function frameHead({ length }: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(length);
  return head;
}

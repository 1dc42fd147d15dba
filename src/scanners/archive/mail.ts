import PostalMime from "postal-mime";
import { VerdictReason } from "../../scanning/index.ts";
import { UnpackFailure } from "./limits.ts";
import type { Unpacker } from "./unpacker.ts";

/** A message is parsed in memory, so one above this is not looked into. */
const MAX_MESSAGE_BYTES = 32 * 1024 * 1024;
const MAX_NESTING = 32;

/** Mails (`message/rfc822`): the attachments, decoded, and the HTML text. */
export const unpackMail: Unpacker = async ({ source }, sink) => {
  if (source.size > MAX_MESSAGE_BYTES) {
    throw new UnpackFailure(
      VerdictReason.ArchiveLimit,
      `a mail of more than ${MAX_MESSAGE_BYTES} bytes is not looked into`,
    );
  }
  // A copy: text decoders refuse memory that threads share.
  const bytes = Buffer.from(source.read(0, source.size));
  const mail = await PostalMime.parse(bytes, { maxNestingDepth: MAX_NESTING });
  if (mail.html !== undefined) {
    await sink.member({ name: "message.html", content: [Buffer.from(mail.html)] });
  }
  for (const [index, { filename, content }] of mail.attachments.entries()) {
    await sink.member({
      name: filename ?? `part-${index + 1}`,
      content: [typeof content === "string" ? Buffer.from(content) : new Uint8Array(content)],
    });
  }
};

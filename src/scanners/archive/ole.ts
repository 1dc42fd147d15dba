import { VerdictReason } from "../../scanning/index.ts";
import { CompoundFile, type CompoundStream } from "./compound-file.ts";
import { packagedFile } from "./ole-package.ts";
import type { MemberSink, Unpacker } from "./unpacker.ts";
import { vbaSources } from "./vba.ts";

/** Macros and packaged files are looked for in streams up to this; others are members as they are. */
const MAX_PARSED_BYTES = 32 * 1024 * 1024;
/** Of a packaged file's stream, before the package itself. */
const PACKAGE_SIZE_BYTES = 4;

/** Streams that hold nothing but the container's own data on its content. */
const uninteresting = ["\x05SummaryInformation", "\x05DocumentSummaryInformation"];

/** Compound files: every stream, the source of every macro, every packaged file. */
export const unpackOle: Unpacker = async ({ source }, sink) => {
  for (const stream of new CompoundFile(source).streams()) {
    if (uninteresting.includes(stream.name)) continue;
    if (stream.name === "EncryptedPackage") {
      sink.cannotLookInto(VerdictReason.Encrypted, "document is encrypted");
    }
    await unpackStream(stream, sink);
  }
};

async function unpackStream(stream: CompoundStream, sink: MemberSink): Promise<void> {
  const { name, size } = stream;
  if (size > MAX_PARSED_BYTES) {
    await sink.member({ name, declaredBytes: size, content: stream.content });
    return;
  }
  const bytes = Buffer.concat([...stream.content]);
  await sink.member({ name, declaredBytes: bytes.length, content: [bytes] });
  for (const macro of vbaSources(bytes)) {
    await sink.member({ name: `${name}.vba`, content: [macro] });
  }
  const packaged =
    name === "\x01Ole10Native" ? packagedFile(bytes.subarray(PACKAGE_SIZE_BYTES)) : undefined;
  if (packaged !== undefined) {
    await sink.member({ name: `Ole10Native/${packaged.name}`, content: [packaged.content] });
  }
}

import { RequestParser, type RequestSink } from "../../src/protocol/index.ts";
import { chunkedResponse } from "./captures.ts";
import type { MicroSuite, MicroTask } from "./suite.ts";

const bodyBytes = 100 * 1024;
/** What a socket gives at once. */
const readBytes = 64 * 1024;

let received = 0;
const ignore = (): void => {};
const sink: RequestSink = {
  onRequest: ignore,
  onBody(_bytes, start, end) {
    received += end - start;
  },
  onPreviewEnd: ignore,
  onEnd: ignore,
  onError(error) {
    throw new Error(error.message);
  },
};

function decode(name: string, chunkBytes: number): MicroTask {
  const request = chunkedResponse(bodyBytes, chunkBytes);
  const parser = new RequestParser(sink);
  return {
    name,
    bytes: bodyBytes,
    run() {
      for (let at = 0; at < request.length; ) {
        at = parser.feed(request, at, Math.min(at + readBytes, request.length));
      }
      return received;
    },
  };
}

export const suite: MicroSuite = {
  title: "decode a body of 100 KB",
  tasks: [
    decode("in chunks of 64 KB (Squid)", 0xfffb),
    decode("in chunks of 16 KB", 16 * 1024),
    decode("in chunks of 4 KB (c-icap-client)", 0xfe0),
    decode("in chunks of 16 bytes (hostile)", 16),
  ],
};

import { RequestParser, type RequestSink } from "../../src/protocol/index.ts";
import { squidGet, squidOptions, squidSmallResponse } from "./captures.ts";
import type { MicroSuite, MicroTask } from "./suite.ts";

const ignore = (): void => {};
const sink: RequestSink = {
  onRequest: ignore,
  onBody: ignore,
  onPreviewEnd: ignore,
  onEnd: ignore,
  onError(error) {
    throw new Error(error.message);
  },
};

/** One parser for all, as on a keep-alive connection. */
function whole(name: string, request: Buffer): MicroTask {
  const parser = new RequestParser(sink);
  return { name, run: () => parser.feed(request, 0, request.length) };
}

/** The head in two reads, as when Squid sends ICAP head and HTTP heads in packets of their own. */
function split(name: string, request: Buffer, at: number): MicroTask {
  const parser = new RequestParser(sink);
  return {
    name,
    run() {
      parser.feed(request, 0, at);
      return parser.feed(request, at, request.length);
    },
  };
}

export const suite: MicroSuite = {
  title: "parse a request",
  tasks: [
    whole("Squid OPTIONS", squidOptions),
    whole("Squid REQMOD GET", squidGet),
    whole("Squid RESPMOD, all in the preview", squidSmallResponse),
    split("Squid REQMOD GET, split in the ICAP head", squidGet, 100),
  ],
};

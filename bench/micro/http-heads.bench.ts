import { fieldValue, parseHttpHead, parseRequestLine } from "../../src/protocol/index.ts";
import { httpRequest, httpResponse } from "./captures.ts";
import type { MicroSuite } from "./suite.ts";

const parsed = parseHttpHead(httpRequest);

export const suite: MicroSuite = {
  title: "understand an encapsulated HTTP head",
  tasks: [
    { name: "request of a browser", run: () => parseHttpHead(httpRequest) },
    { name: "answer of nginx", run: () => parseHttpHead(httpResponse) },
    { name: "its request line", run: () => parseRequestLine(parsed.startLine) },
    { name: "one field of it", run: () => fieldValue(parsed.fields, "Accept-Language") },
  ],
};

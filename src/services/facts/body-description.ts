import type { BodyDescription } from "../../entity/index.ts";
import { type Fields, fieldValues } from "../../protocol/index.ts";
import type { Message } from "../message.ts";

/** What the heads say about the body. */
export function describeBody(message: Message): BodyDescription {
  const fields = message.entityFields;
  return {
    contentType: joined(fields, "content-type"),
    contentEncoding: joined(fields, "content-encoding"),
    contentDisposition: joined(fields, "content-disposition"),
    url: message.icap.method === "REQMOD" ? undefined : message.url,
  };
}

function joined(fields: Fields, name: string): string | undefined {
  const values = fieldValues(fields, name);
  return values.length === 0 ? undefined : values.join(", ");
}

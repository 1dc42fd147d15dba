import { subscribe } from "node:diagnostics_channel";
import type { Duplex } from "node:stream";

interface Sent {
  readonly request: { readonly body?: unknown };
  readonly socket: Duplex;
}

/** The connection on which each body in memory is sent. */
const socketOfBody = new WeakMap<object, Duplex>();
let isWatching = false;

/** Must be called before the first request, for `dropUnflushed` to know its connection. */
export function watchUploads(): void {
  if (isWatching) return;
  isWatching = true;
  subscribe("undici:client:sendHeaders", (message) => {
    const { request, socket } = message as Sent;
    if (Buffer.isBuffer(request.body)) socketOfBody.set(request.body, socket);
  });
}

/**
 * Ends the connection of an upload that the answer overtook. The rest of the body is a view of the
 * spool's memory, which is used again as soon as the transaction ends: bytes of another transaction
 * would be sent. undici does so by itself for streams, but counts a Buffer as sent at once.
 */
export function dropUnflushed(body: Buffer): void {
  const socket = socketOfBody.get(body);
  socketOfBody.delete(body);
  if (socket !== undefined && socket.writableLength > 0) socket.destroy();
}

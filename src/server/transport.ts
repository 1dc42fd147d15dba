import { Socket } from "node:net";
import type { TLSSocket } from "node:tls";

/** Takes what was read. `bytes` is valid during the call only. Returns whether to read on. */
export type Reader = (bytes: Buffer, length: number) => boolean;

const READ_BYTES = 64 * 1024;

/** One read buffer for the process: reads are taken one at a time, and wholly (ADR 0005). */
const sharedBuffer = Buffer.allocUnsafeSlow(READ_BYTES);

/** The handle of an accepted socket, which Node keeps in an undocumented property. */
interface Adoptable {
  _handle?: object | null;
}

/**
 * Reads a connection into the process's one buffer (`onread`), which saves an allocation and a copy
 * for each read. Node offers that for outgoing connections only, so the accepted handle is moved to a
 * socket of our own; where that cannot be done (TLS, a future Node) the ordinary events serve.
 *
 * @param accepted a socket that has not been read from: the server listens with `pauseOnConnect`
 * @returns the socket to use from now on
 */
export function readFrom(accepted: Socket | TLSSocket, reader: Reader): Socket {
  const handle = adoptableHandle(accepted);
  if (handle === undefined) return readByEvents(accepted, reader);
  (accepted as Adoptable)._handle = null;
  // Without its handle it ends only itself: the listener counts it until then, and could not close.
  accepted.destroy();
  // `handle` is accepted by the constructor in Node 20 to 26 and is not in its documentation.
  const options = {
    handle,
    allowHalfOpen: true,
    onread: { buffer: sharedBuffer, callback: (length: number) => reader(sharedBuffer, length) },
  };
  const socket = new Socket(options as ConstructorParameters<typeof Socket>[0]);
  socket.read(0);
  return socket;
}

function adoptableHandle(socket: Socket): object | undefined {
  if ("encrypted" in socket) return undefined;
  const handle = (socket as Adoptable)._handle;
  return handle !== null && typeof handle === "object" ? handle : undefined;
}

/** The documented way: a fresh buffer for every read. */
export function readByEvents(socket: Socket, reader: Reader): Socket {
  socket.on("data", (bytes: Buffer) => {
    if (!reader(bytes, bytes.length)) socket.pause();
  });
  socket.resume();
  return socket;
}

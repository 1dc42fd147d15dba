import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";

/** What a fake clamd does with a connection of which it has read a command, or a whole stream. */
export type Behaviour = (socket: Socket, received: Buffer) => void;

/** Ends a session as soon as it is begun, so that each stream has a connection of its own. */
const refuses: Behaviour = (socket) => socket.destroy();

/** The first of them that is there says what a connection is for. */
const questions = ["zIDSESSION\0", "zSCAN ", "zINSTREAM\0"] as const;

/** Answers `VERSION` as clamd does, and leaves the rest to the test. */
export class FakeClamd {
  streams = 0;
  /** How often it was asked for its version, which is this. */
  probes = 0;
  signatures = 27_500;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(onStream: Behaviour, onSession: Behaviour, onFile: Behaviour) {
    const behaviours = { "zIDSESSION\0": onSession, "zSCAN ": onFile, "zINSTREAM\0": onStream };
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => {}).on("close", () => this.#sockets.delete(socket));
      let received = Buffer.alloc(0);
      let isStream = false;
      socket.on("data", (data) => {
        received = Buffer.concat([received, data]);
        if (received.includes("zVERSION\0")) this.#tellVersion(socket);
        const asked = questions.find((question) => received.includes(question));
        if (asked === "zINSTREAM\0" && !isStream) {
          this.streams += 1;
          isStream = true;
        }
        if (asked !== undefined) behaviours[asked](socket, received);
      });
    });
  }

  /** `onFile` is for a file outside of a session. */
  static async start(
    onStream: Behaviour,
    onSession: Behaviour = refuses,
    onFile: Behaviour = refuses,
  ): Promise<FakeClamd> {
    const fake = new FakeClamd(onStream, onSession, onFile);
    fake.#server.listen(0, "127.0.0.1");
    await once(fake.#server, "listening");
    return fake;
  }

  #tellVersion(socket: Socket): void {
    this.probes += 1;
    socket.end(`ClamAV 1.4.6/${this.signatures}/Fri Nov 20 08:30:12 2026\0`);
  }

  /** As `--clamd` has it. */
  get flag(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new TypeError("not started");
    return `127.0.0.1:${address.port}`;
  }

  async stop(): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(this.#server, "close");
  }
}

/** Answers once the end of the stream is there. */
export const atEnd =
  (answer: Behaviour): Behaviour =>
  (socket, received) => {
    if (received.subarray(-4).equals(Buffer.alloc(4))) answer(socket, received);
  };

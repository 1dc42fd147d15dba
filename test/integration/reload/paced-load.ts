import { setTimeout as pause } from "node:timers/promises";
import { icapField } from "../../support/icap-answer.ts";
import type { IcapConnection } from "../../support/icap-connection.ts";

/** A request with its name, as often as it comes round. */
export interface PacedRequest {
  readonly name: string;
  readonly bytes: string;
}

export interface PacedLoadOptions {
  readonly connections: readonly IcapConnection[];
  readonly requests: readonly PacedRequest[];
  /** From one request of a connection to its next, unless the server takes longer. */
  readonly everyMs: number;
}

/**
 * Requests on connections that stay open, one after the other on each, at a steady rate. Counts the
 * answers by request, status and ISTag; a connection that fails stops and is told.
 */
export class PacedLoad {
  /** How often each answer came: `/path 204 "ISTag"`. */
  readonly answers = new Map<string, number>();
  readonly failures: string[] = [];
  #sent = 0;
  #stopping = false;
  readonly #users: Promise<void>[];

  constructor({ connections, requests, everyMs }: PacedLoadOptions) {
    this.#users = connections.map((connection, index) =>
      this.#user(connection, rotated(requests, index), everyMs),
    );
  }

  get sent(): number {
    return this.#sent;
  }

  /** Lets the requests under way end. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#users);
  }

  async #user(
    connection: IcapConnection,
    requests: readonly PacedRequest[],
    everyMs: number,
  ): Promise<void> {
    let due = performance.now();
    try {
      for (let turn = 0; !this.#stopping; turn += 1) {
        await this.#ask(connection, requests[turn % requests.length] as PacedRequest);
        due = Math.max(due + everyMs, performance.now());
        await pause(Math.max(0, due - performance.now()));
      }
    } catch (error) {
      this.failures.push(String(error));
    }
  }

  async #ask(connection: IcapConnection, { name, bytes }: PacedRequest): Promise<void> {
    this.#sent += 1;
    await connection.send(bytes);
    const answer = await connection.readAnswer();
    const key = answerKey(name, answer.status, icapField(answer, "ISTag"));
    this.answers.set(key, (this.answers.get(key) ?? 0) + 1);
  }
}

export function answerKey(name: string, status: number, istag: string | undefined): string {
  return `${name} ${status} ${istag}`;
}

function rotated<T>(items: readonly T[], by: number): readonly T[] {
  const start = by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}

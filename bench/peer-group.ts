import type { Peer } from "./peers.ts";
import type { Placement } from "./placement.ts";
import { RunningPeer } from "./running-peer.ts";

/** The peers that a run has started, so that all are stopped however it ends. */
export class PeerGroup {
  readonly #running = new Set<RunningPeer>();

  async start(peer: Peer, placement: Pick<Placement, "server">): Promise<RunningPeer> {
    const running = await RunningPeer.start(peer, placement);
    this.#running.add(running);
    return running;
  }

  async stop(running: RunningPeer): Promise<void> {
    this.#running.delete(running);
    await running.stop();
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.#running].map((running) => this.stop(running)));
  }
}

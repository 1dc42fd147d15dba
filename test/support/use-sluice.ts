import { afterAll, beforeAll } from "vitest";
import type { IcapConnection } from "./icap-connection.ts";
import { Sluice, type SluiceOptions } from "./sluice.ts";

/** One server for all tests of a file or a `describe`, stopped after the last of them. */
export function useSluice(options: SluiceOptions = {}) {
  let sluice: Sluice | undefined;
  beforeAll(async () => {
    sluice = await Sluice.start(options);
  });
  afterAll(async () => {
    await sluice?.stop();
  });
  const running = (): Sluice => {
    if (!sluice) throw new Error("the server did not start");
    return sluice;
  };
  return { running, connect: (): Promise<IcapConnection> => running().connect() };
}

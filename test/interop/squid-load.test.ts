/**
 * Many users at once through Squid, and a new version of Sluice put in place under that load as
 * Kubernetes does it: the new server is started; the old one gets SIGTERM while the load balancer is
 * told to send it no new connection; it announces on every answer that it closes, goes on accepting
 * for `drain.delay`, since the load balancer may hear of it late, and ends when nothing is under way.
 * HAProxy stands for the load balancer, in TCP mode.
 */
import { randomBytes } from "node:crypto";
import { expect, it } from "vitest";
import { freePort } from "../support/free-port.ts";
import { Haproxy, haproxyPath } from "../support/haproxy.ts";
import { Origin } from "../support/origin.ts";
import { describeWith } from "../support/programs.ts";
import { ProxiedLoad } from "../support/proxied-load.ts";
import { Sluice } from "../support/sluice.ts";
import { Squid, scannedOn, squidPrograms } from "../support/squid.ts";

/** Sizes around the preview and the spool's chunks, below Squid's bug 5352 (64 KiB). */
const sizes = [0, 1, 100, 4095, 4096, 4097, 10_000, 32_768, 60_000];
const contents = sizes.map((size) => randomBytes(size));

function loadThrough(squid: Squid, origin: Origin): ProxiedLoad {
  const pages = contents.map((content, index) => ({
    url: origin.page(`/file-${index}`, content),
    content,
  }));
  return new ProxiedLoad({
    proxyPort: squid.port,
    parallel: 50,
    download: (index) => pages[index % pages.length] ?? { url: "", content: Buffer.alloc(0) },
  });
}

describeWith(squidPrograms, "50 users at once through Squid", () => {
  it.each([1, 2])("get 500 downloads, byte by byte, from %i worker processes", async (workers) => {
    await using origin = await Origin.start();
    await using sluice = await Sluice.start({ flags: [`--workers=${workers}`] });
    await using squid = await Squid.start({ adaptation: scannedOn(sluice.icapPort) });
    const load = loadThrough(squid, origin);
    await load.more(500);
    await load.stop();
    expect(load.failures).toEqual([]);
    expect(load.passed).toBeGreaterThanOrEqual(500);
  });
});

describeWith([...squidPrograms, haproxyPath], "50 users while Sluice is replaced", () => {
  it("lose no download, and the old server ends by itself with exit code 0", async () => {
    const flags = ["--drain-delay=2s", "--drain-idle-spread=1s"];
    const newPort = await freePort();
    await using origin = await Origin.start();
    await using old = await Sluice.start({ flags });
    await using balancer = await Haproxy.start({ serverPorts: [old.icapPort, newPort] });
    await using squid = await Squid.start({ adaptation: scannedOn(balancer.port) });
    const load = loadThrough(squid, origin);
    await load.more(200);

    await using replacement = await Sluice.start({ flags, icapPort: newPort });
    await balancer.waitUntilUp(newPort);
    old.signal("SIGTERM");
    await balancer.drain(old.icapPort);
    const exit = await old.exited;
    await load.more(200);
    await load.stop();

    expect(load.failures).toEqual([]);
    expect(exit).toEqual({ code: 0, signal: null });
    expect(replacement.log).toMatch(/respmod/i);
  });
});

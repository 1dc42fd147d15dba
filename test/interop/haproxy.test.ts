/** HAProxy in TCP mode, the load balancer in front of several servers. */
import { describe, expect, it } from "vitest";
import { freePort } from "../support/free-port.ts";
import { Haproxy, haproxyPath } from "../support/haproxy.ts";
import { IcapConnection } from "../support/icap-connection.ts";
import { describeWith } from "../support/programs.ts";
import { Sluice } from "../support/sluice.ts";
import { head } from "../support/wire-text.ts";

const options = head("OPTIONS icap://127.0.0.1/scan ICAP/1.0", "Host: 127.0.0.1");

describeWith([haproxyPath], "HAProxy", () => {
  it("finds a server up by its answer to OPTIONS", async () => {
    const port = await freePort();
    await using balancer = await Haproxy.start({ serverPorts: [port], checksOptions: true });
    await using _sluice = await Sluice.start({ icapPort: port });
    await expect(balancer.waitUntilUp(port)).resolves.toBeUndefined();
  });

  describe.each(["send-proxy", "send-proxy-v2"] as const)("with %s", (preface) => {
    it("tells a server that trusts it whose connection it is", async () => {
      await using sluice = await Sluice.start({
        flags: ["--listen-proxy-protocol-trusted=127.0.0.1/32"],
      });
      await using balancer = await Haproxy.start({ serverPorts: [sluice.icapPort], preface });
      using client = await IcapConnection.open({ port: balancer.port, from: "127.0.0.5" });
      await client.send(options);
      await client.readAnswer();
      await expect.poll(() => sluice.log).toContain('"peer":"127.0.0.5"');
    });

    it("gets no answer but an error from a server that does not trust it", async () => {
      await using sluice = await Sluice.start();
      await using balancer = await Haproxy.start({ serverPorts: [sluice.icapPort], preface });
      using client = await IcapConnection.open({ port: balancer.port });
      await client.send(options);
      expect((await client.readToEnd()).toString("latin1")).not.toContain("ICAP/1.0 200");
    });
  });
});

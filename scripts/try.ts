/**
 * `make try`: Sluice behind a Squid of its own, and a small website with a harmless file and the
 * EICAR test file, all on the loopback. Prints what to type to see the one pass and the other
 * blocked, and takes everything down on Ctrl-C. `--port` is where Sluice listens.
 */
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import { parseArgs } from "node:util";
import { eicar } from "../test/support/eicar.ts";
import { accepts, freePort } from "../test/support/free-port.ts";
import { Sluice } from "../test/support/sluice.ts";
import { Squid, scannedOn, squidPrograms } from "../test/support/squid.ts";

const { values } = parseArgs({ options: { port: { type: "string", default: "1344" } } });
const icapPort = Number(values.port);
const index = `<!doctype html><title>Try Sluice</title><h1>Try Sluice</h1>
<ul><li><a href="/harmless.txt">A harmless file</a> <li><a href="/eicar.com">The EICAR test file</a></ul>
<form method="post" enctype="multipart/form-data" action="/upload">
<p>Send a file: <input type="file" name="file"> <button>Send</button></form>`;

const site = createServer((request, response) => {
  const pages: Readonly<Record<string, readonly [type: string, body: string]>> = {
    "/": ["text/html", index],
    "/harmless.txt": ["text/plain", "This file is harmless.\n"],
    "/eicar.com": ["application/octet-stream", eicar],
    "/upload": ["text/plain", "The file arrived.\n"],
  };
  const [type, body] = pages[request.url ?? ""] ?? ["text/plain", "There is no such page.\n"];
  // The answer to an upload goes out when all of it is here.
  request.resume().once("end", () => {
    response.writeHead(200, { "Content-Type": type }).end(body);
  });
});

async function preferredPort(port: number): Promise<number> {
  return (await accepts(port)) ? freePort() : port;
}

const missing = squidPrograms.find((program) => !existsSync(program));
if (missing !== undefined) {
  console.error(
    `Squid is not installed (${missing}). Install it: sudo apt-get install squid-openssl`,
  );
  process.exit(1);
}

await using stack = new AsyncDisposableStack();
const alreadyRuns = await accepts(icapPort);
if (!alreadyRuns) stack.use(await Sluice.start({ icapPort }));
const squid = stack.use(
  await Squid.start({ adaptation: scannedOn(icapPort), port: await preferredPort(3128) }),
);
const sitePort = await preferredPort(8080);
await new Promise<void>((resolve) => site.listen(sitePort, "127.0.0.1", resolve));
stack.defer(() => {
  site.close();
  site.closeAllConnections();
});

const home = `http://try.test:${sitePort}`;
console.log(`
Sluice scans on port ${icapPort}${alreadyRuns ? " (it was running already)" : ""}; the proxy in front of it is ${squid.url}.
In another terminal, a download that passes and one that is blocked:

  curl --proxy ${squid.url} ${home}/harmless.txt
  curl --proxy ${squid.url} --include --header 'Accept: text/plain' ${home}/eicar.com

In a browser, with every page coming through Sluice:

  chromium --user-data-dir=/tmp/sluice-try --proxy-server=${squid.url} ${home}/

Ctrl-C ends all of this.`);

await new Promise((resolve) => {
  process.once("SIGINT", resolve).once("SIGTERM", resolve);
});

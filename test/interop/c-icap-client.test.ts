/** c-icap-client of Debian, in every mode it has, against the running server. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { CertificateAuthority } from "../support/certificate-authority.ts";
import { ChildProgram } from "../support/child-program.ts";
import { eicar } from "../support/eicar.ts";
import { freePort } from "../support/free-port.ts";
import { describeWith } from "../support/programs.ts";
import { Sluice } from "../support/sluice.ts";
import { TempDirectory } from "../support/temp-directory.ts";
import { useSluice } from "../support/use-sluice.ts";

const modes: readonly (readonly string[])[] = [
  [],
  ["-w", "10"],
  ["-nopreview"],
  ["-no204"],
  ["-nopreview", "-no204"],
  ["-206"],
  ["-206", "-nopreview"],
  ["-206", "-no204"],
  ["-noreshdr"],
  ["-noreshdr", "-nopreview", "-no204"],
  ["-resp", "http://origin.test/report.pdf"],
  ["-req", "http://origin.test/upload"],
  ["-req", "http://origin.test/upload", "-method", "POST"],
  ["-req", "http://origin.test/upload", "-method", "POST", "-nopreview", "-no204"],
];

describeWith(["/usr/bin/c-icap-client", "/usr/bin/openssl"], "c-icap-client", () => {
  const { running } = useSluice();

  /** Runs it on a file with that content; `sameContent` covers 204 too, where it writes no file. */
  async function scan(service: string, content: Buffer | string, mode: readonly string[]) {
    using directory = new TempDirectory();
    const [input, output] = [directory.join("input"), directory.join("output")];
    writeFileSync(input, content, "latin1");
    const program = new ChildProgram("/usr/bin/c-icap-client", [
      ...["-i", "127.0.0.1", "-p", String(running().icapPort), "-s", service],
      ...["-f", input, "-o", output, "-v", ...mode],
    ]);
    const { code } = await program.exited;
    const written = existsSync(output) ? readFileSync(output) : undefined;
    return {
      code,
      printed: program.output,
      status: Number(/ICAP\/1\.0 (\d{3})/.exec(program.output)?.[1]),
      sameContent: written === undefined || written.equals(readFileSync(input)),
    };
  }

  it("reads the options", async () => {
    const program = new ChildProgram("/usr/bin/c-icap-client", [
      ...["-i", "127.0.0.1", "-p", String(running().icapPort), "-s", "scan"],
    ]);
    await program.exited;
    expect(program.output).toMatch(/Allow 204: Yes\s.*Preview: \d+\s+Keep alive: Yes/s);
  });

  describe.each(modes.map((mode) => ({ mode, words: mode.join(" ") || "no flags" })))(
    "with $words",
    ({ mode }) => {
      it.each([
        ["a small", 5],
        ["an empty", 0],
        ["a 3 MB", 3_000_000],
      ])("lets %s harmless file pass unchanged", async (_size, bytes) => {
        const { code, status, sameContent } = await scan("scan", Buffer.alloc(bytes, "a"), mode);
        expect({ code, sameContent, passed: [200, 204].includes(status) }).toEqual({
          code: 0,
          sameContent: true,
          passed: true,
        });
      });

      it("gets a block page for EICAR", async () => {
        const { status, printed } = await scan("scan", eicar, mode);
        expect(status).toBe(200);
        expect(printed).toMatch(/X-Infection-Found: Type=0; .*HTTP\/1\.1 403 /s);
      });

      it("gets EICAR itself from a service that only echoes", async () => {
        expect(await scan("echo", eicar, mode)).toMatchObject({ code: 0, sameContent: true });
      });
    },
  );

  it("gets EICAR blocked over TLS", async () => {
    using files = new TempDirectory();
    const authority = await CertificateAuthority.create();
    const { cert, key } = await authority.issue("IP:127.0.0.1");
    writeFileSync(files.join("tls.crt"), cert);
    writeFileSync(files.join("tls.key"), key);
    writeFileSync(files.join("eicar"), eicar, "latin1");
    const port = await freePort();
    await using _sluice = await Sluice.start({
      flags: [
        `--listen-icaps=127.0.0.1:${port}`,
        `--listen-tls-cert-file=${files.join("tls.crt")}`,
        `--listen-tls-key-file=${files.join("tls.key")}`,
      ],
    });
    const program = new ChildProgram("/usr/bin/c-icap-client", [
      ...["-i", "127.0.0.1", "-p", String(port), "-s", "scan", "-tls", "-tls-no-verify"],
      ...["-f", files.join("eicar"), "-v"],
    ]);
    await program.exited;
    authority.remove();
    expect(program.output).toMatch(/ICAP\/1\.0 200 .*X-Infection-Found: /s);
  });

  it("never gets a 204 with -nopreview -no204", async () => {
    expect(await scan("scan", "harmless", ["-nopreview", "-no204"])).toMatchObject({ status: 200 });
  });
});

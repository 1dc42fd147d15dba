import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { CertificateAuthority } from "../../support/certificate-authority.ts";
import {
  afterUpload,
  answers,
  answersStatus,
  answersText,
  FakeScanner,
  inTurn,
  type ScannerScript,
} from "../../support/fake-scanner.ts";
import { icapField } from "../../support/icap-answer.ts";
import { RemoteService } from "./remote-service.ts";

const clean = answers({ verdict: "clean" });
const blocked = answers({
  verdict: "blocked",
  reason: "malware",
  threats: [{ name: "Test-Threat" }],
});
/** Takes the connection and says nothing. */
const hangs: ScannerScript = afterUpload(() => {});
const hangsAmidAnswer: ScannerScript = afterUpload((_request, response) => {
  response.writeHead(200, { "content-type": "application/json" });
  response.write('{"verdict":"cle');
});
const resetsAmidAnswer: ScannerScript = (request, response) => {
  response.writeHead(200, { "content-type": "application/json", "content-length": "19" });
  response.write('{"verdict":"clean"', () => request.socket.resetAndDestroy());
};
const tenMegabytes = answersText(`{"verdict":"clean","x":"${"x".repeat(10_000_000)}"}`);

const passed = { status: 204, outcome: "unmodified", cause: "clean", verdict: "clean" };
const failed = { status: 200, outcome: "failed", cause: "error", verdict: "error" };
const late = { status: 200, outcome: "blocked", cause: "timeout", verdict: "error" };
/** The scanner's log line about a scan without a verdict. */
const whyOf = (name: string, log: string): string | undefined =>
  log
    .split("\n")
    .filter((line) => line.includes('"scanner gave no verdict"'))
    .map((line) => JSON.parse(line) as { scanner: string; why: string })
    .findLast(({ scanner }) => scanner === name)?.why;

describe("an IcapService with a scanner over HTTP", () => {
  let fake: FakeScanner;
  let expired: FakeScanner;
  let secured: FakeScanner;
  let gone: FakeScanner;
  let moody: FakeScanner;
  let busy: FakeScanner;
  let early: FakeScanner;
  let plain: FakeScanner;
  let authority: CertificateAuthority;
  let service: RemoteService;
  beforeAll(async () => {
    authority = await CertificateAuthority.create();
    fake = await FakeScanner.start();
    gone = await FakeScanner.start();
    await gone.stop();
    secured = await FakeScanner.start(clean, {
      ...(await authority.issue("DNS:scanner.test")),
      ca: authority.cert,
      requestCert: true,
      rejectUnauthorized: true,
    });
    moody = await FakeScanner.start();
    busy = await FakeScanner.start();
    early = await FakeScanner.start();
    early.info = { protocol: "scan/v1", requires: { contentLength: false } };
    plain = await FakeScanner.start(clean, await authority.issue("IP:127.0.0.1"));
    expired = await FakeScanner.start(clean, await authority.issueExpired("IP:127.0.0.1"));
    const own = await authority.issueClient("DNS:sluice.test");
    const ca = "ca: { secretKeyRef: { name: authority, key: ca.pem } }";
    service = await RemoteService.start(
      [
        { name: "remote", url: fake.url },
        { name: "hasty", url: fake.url, timeout: "1s" },
        { name: "gone", url: gone.url },
        { name: "moody", url: moody.url, failures: 1 },
        { name: "busy", url: busy.url },
        { name: "early", url: early.url },
        {
          name: "mapped",
          url: plain.url,
          spec: "tls: { ca: { configMapKeyRef: { name: authority, key: ca.pem } } }",
        },
        { name: "nowhere", url: "http://scanner.invalid:8080" },
        { name: "expired", url: expired.url, spec: `tls: { ${ca} }` },
        { name: "stranger", url: expired.url },
        {
          name: "secured",
          url: secured.url,
          spec: `tls: { ${ca}, serverName: scanner.test, clientCertificate: { name: client } }
  auth: { type: Bearer, bearer: { tokenRef: { name: token, key: value } } }`,
        },
      ],
      {
        "default/authority/ca.pem": authority.cert,
        "default/client/tls.crt": own.cert,
        "default/client/tls.key": own.key,
        "default/token/value": "s3cret-t0ken\n",
      },
      { authority: { "ca.pem": authority.cert } },
    );
  });
  afterAll(async () => {
    await service?.stop();
    await Promise.all(
      [fake, expired, secured, gone, moody, busy, early, plain].map((one) => one?.stop()),
    );
    authority?.remove();
  });
  beforeEach(() => {
    fake.received.length = 0;
  });

  it("hands the scanner the body of the message", async () => {
    fake.script = clean;
    await service.judge("remote", "the body");
    expect(fake.received.map(({ body }) => body.toString())).toEqual(["the body"]);
    expect(fake.received[0]?.headers["scan-deadline-ms"]).toMatch(/^\d{1,4}$/);
  });

  it.each([
    ["clean", clean, passed],
    ["blocked", blocked, { status: 200, outcome: "blocked", cause: "verdict", verdict: "blocked" }],
    [
      "unscannable",
      answers({ verdict: "unscannable", reason: "encrypted" }),
      { status: 200, outcome: "blocked", cause: "unscannable", verdict: "unscannable" },
    ],
    [
      "too large for it",
      answersStatus(413),
      { status: 200, outcome: "blocked", cause: "unscannable", verdict: "unscannable" },
    ],
    ["its own error", answers({ verdict: "error", message: "oh" }), failed, "oh"],
    ["nothing, before an answer", hangs, late, "aborted"],
    ["nothing, amid an answer", hangsAmidAnswer, late, "aborted"],
    ["a reset amid an early answer", resetsAmidAnswer, failed, "the exchange failed"],
    ["half a document", answersText('{"verdict":"clean"'), failed, "no verdict document"],
    ["10 MB of JSON", tenMegabytes, failed, "over 1048576 bytes"],
    ["another content type", answersText("{}", "text/plain"), failed, "not application/json"],
    ["429", answersStatus(429, { "retry-after": "0" }), failed, "answered 429"],
    ["503", answersStatus(503), failed, "answered 503"],
  ] as const)("does as configured when it answers: %s", async (_name, script, expected, why?) => {
    fake.script = script;
    const name = expected === late ? "hasty" : "remote";
    const { answer, line, counted } = await service.judge(name);
    expect({ status: answer.status, ...line }).toMatchObject(expected);
    expect(Number(line["durationMs"])).toBeLessThan(10_000);
    expect(counted).toEqual({ [expected.verdict]: 1 });
    if (why !== undefined) expect(whyOf(name, service.log)).toContain(why);
  });

  it("logs the reason of a block, and not the scanner's words, which might repeat content", async () => {
    fake.script = answers({ verdict: "blocked", reason: "dlp", message: "IBAN DE02 1203" });
    const { line } = await service.judge("remote");
    expect([line["reason"], line["message"]]).toEqual(["dlp", undefined]);
  });

  it("sends a large body while it arrives, to a scanner that says it may", async () => {
    const { answer } = await service.judge("early", "x".repeat(3 * 1024 * 1024));
    expect(answer.status).toBe(204);
    expect(early.received.map(({ headers }) => headers["transfer-encoding"])).toEqual(["chunked"]);
    expect(early.received[0]?.body).toHaveLength(3 * 1024 * 1024);
  });

  it("leaves a scanner alone that keeps failing, says so and counts it", async () => {
    moody.script = answersStatus(500);
    await service.judge("moody");
    const { answer, line } = await service.judge("moody");
    expect({ status: answer.status, ...line }).toMatchObject(failed);
    expect(moody.received).toHaveLength(1);
    const message = "the scanner is left alone for a while";
    expect(whyOf("moody", service.log)).toBe(message);
    expect(line).toMatchObject({ reason: "overload", message });
    expect(service.log).toContain("scanner keeps failing, left alone");
    const labels = 'scanner="moody"';
    expect(await service.metric("sluice_scanner_ejections_total", labels)).toBe(1);
    expect(await service.metric("sluice_scanner_endpoint_ejected", labels)).toBe(1);
  });

  it("leaves a busy scanner alone as long as it says", async () => {
    busy.script = answersStatus(429, { "retry-after": "30" });
    await service.judge("busy");
    const { answer, line } = await service.judge("busy");
    expect({ status: answer.status, ...line }).toMatchObject(failed);
    expect(busy.received).toHaveLength(1);
    const labels = 'scanner="busy",reason="busy"';
    expect(await service.metric("sluice_scanner_ejections_total", labels)).toBe(1);
  });

  it("counts a scan that was asked for again", async () => {
    const labels = 'scanner="remote",result="made"';
    const before = (await service.metric("sluice_scanner_retries_total", labels)) ?? 0;
    fake.script = inTurn((request) => void request.socket.destroy(), clean);
    expect((await service.judge("remote")).answer.status).toBe(204);
    expect(await service.metric("sluice_scanner_retries_total", labels)).toBe(before + 1);
  });

  it("gets through where the scanner is busy every other time, and counts that", async () => {
    const labels = 'scanner="remote",result="made"';
    const before = (await service.metric("sluice_scanner_retries_total", labels)) ?? 0;
    const busyOnce = answersStatus(503, { "retry-after": "0" });
    fake.script = inTurn(busyOnce, clean, busyOnce, clean);
    for (const round of [1, 2]) {
      const { answer, line, counted } = await service.judge("remote");
      expect({ status: answer.status, ...line }).toMatchObject(passed);
      expect(counted).toEqual({ clean: 1 });
      expect(await service.metric("sluice_scanner_retries_total", labels)).toBe(before + round);
    }
  });

  it.each([
    ["refuses connections", "gone", "ECONNREFUSED"],
    ["has a name that nobody knows", "nowhere", "ENOTFOUND|EAI_AGAIN"],
    ["shows an expired certificate", "expired", "CERT_HAS_EXPIRED"],
    ["is vouched for by nobody", "stranger", "CERT_HAS_EXPIRED|SELF_SIGNED|UNABLE_TO"],
  ])("fails and says so when the scanner %s", async (_name, name, code) => {
    const { answer, line, counted } = await service.judge(name);
    expect({ status: answer.status, ...line }).toMatchObject(failed);
    expect(counted).toEqual({ error: 1 });
    expect(service.log).toMatch(new RegExp(`"scanner":"${name}".*(${code})`));
    const labels = `scanner="${name}",result="failed"`;
    expect(await service.metric("sluice_scanner_probes_total", labels)).toBeGreaterThan(0);
    expect(await service.metric("sluice_scanner_endpoint_up", `scanner="${name}"`)).toBe(0);
  });

  it("has clients forget what they cached when the scanner's signatures change", async () => {
    const istag = async (epoch: string): Promise<string | undefined> => {
      fake.script = answers({ verdict: "clean" }, { "scan-epoch": epoch });
      await service.judge("remote");
      return icapField((await service.judge("remote")).answer, "istag");
    };
    const [before, same, after] = [await istag("1"), await istag("1"), await istag("2")];
    expect(same).toBe(before);
    expect(after).not.toBe(before);
  });

  it("judges by the scanner's word when its epoch changes amid a scan, says so and counts it", async () => {
    const labels = 'scanner="remote"';
    const name = "sluice_scanner_epoch_changes_total";
    const before = (await service.metric(name, labels)) ?? 0;
    fake.script = answers({ verdict: "clean" }, { "scan-epoch": "amid" });
    const { answer, line, counted } = await service.judge("remote");
    expect({ status: answer.status, ...line }).toMatchObject(passed);
    expect(counted).toEqual({ clean: 1 });
    expect(await service.metric(name, labels)).toBe(before + 1);
    expect(service.log).toMatch(
      /"scanner":"remote","epoch":"amid","msg":"scanner shows a new epoch"/,
    );
  });

  it("has one ISTag for scans that replicas with other signatures judge at a time", async () => {
    const istags = new Set<string | undefined>();
    const shows = (epoch: string) => answers({ verdict: "clean" }, { "scan-epoch": epoch });
    fake.script = inTurn(shows("3"), shows("4"), shows("3"), shows("4"));
    await Promise.all([service.send("remote"), service.send("remote")]);
    for (let round = 0; round < 4; round += 1) {
      const { answer, line } = await service.judge("remote");
      expect(line).toMatchObject({ outcome: "unmodified", cause: "clean" });
      istags.add(icapField(answer, "istag"));
    }
    expect(istags.size).toBe(1);
  });

  it("trusts the authority of a ConfigMap", async () => {
    expect((await service.judge("mapped")).answer.status).toBe(204);
  });

  it("trusts the scanner's authority, shows its own certificate and its token", async () => {
    const { answer } = await service.judge("secured");
    expect(answer.status).toBe(204);
    expect(secured.received[0]?.headers.authorization).toBe("Bearer s3cret-t0ken");
  });

  it("shows a token that was rotated, without a restart", async () => {
    service.rotate("default/token", "value", "r0tated-t0ken");
    await expect
      .poll(async () => {
        await service.judge("secured");
        return secured.received.at(-1)?.headers.authorization;
      })
      .toBe("Bearer r0tated-t0ken");
    expect(service.log).toContain('"msg":"scanner\'s secrets have changed"');
  });

  it("keeps the token that was good while the new one cannot be used", async () => {
    service.rotate("default/token", "value", "no\ntoken");
    await expect.poll(() => service.log).toContain("secrets cannot be used");
    expect((await service.judge("secured")).answer.status).toBe(204);
    expect(secured.received.at(-1)?.headers.authorization).toBe("Bearer r0tated-t0ken");
  });

  it("writes no secret into the log", () => {
    expect(service.log).not.toContain("s3cret-t0ken");
    expect(service.log).not.toContain("r0tated-t0ken");
    expect(service.log).not.toContain("PRIVATE KEY");
  });
});

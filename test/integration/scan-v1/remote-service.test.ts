import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
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

const failed = { status: 200, outcome: "failed", cause: "error", verdict: "error" };
const late = { status: 200, outcome: "blocked", cause: "timeout", verdict: "error" };

describe("an IcapService with a scanner over HTTP", () => {
  let fake: FakeScanner;
  let expired: FakeScanner;
  let secured: FakeScanner;
  let gone: FakeScanner;
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
    expired = await FakeScanner.start(clean, await authority.issueExpired("IP:127.0.0.1"));
    const own = await authority.issueClient("DNS:sluice.test");
    const ca = "ca: { secretKeyRef: { name: authority, key: ca.pem } }";
    service = await RemoteService.start(
      [
        { name: "remote", url: fake.url },
        { name: "gone", url: gone.url },
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
    );
  });
  afterAll(async () => {
    await service?.stop();
    await Promise.all([fake, expired, secured, gone].map((scanner) => scanner?.stop()));
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
    ["clean", clean, { status: 204, outcome: "unmodified", cause: "clean", verdict: "clean" }],
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
    ["its own error", answers({ verdict: "error" }), failed],
    ["nothing, before an answer", hangs, late],
    ["nothing, amid an answer", hangsAmidAnswer, late],
    ["a reset amid an early answer", resetsAmidAnswer, failed],
    ["half a document", answersText('{"verdict":"clean"'), failed],
    ["10 MB of JSON", tenMegabytes, failed],
    ["another content type", answersText('{"verdict":"clean"}', "text/plain"), failed],
    ["429", answersStatus(429, { "retry-after": "0" }), failed],
    ["503", answersStatus(503), failed],
  ])("does as configured when it answers: %s", async (_name, script, expected) => {
    fake.script = script;
    const { answer, line, counted } = await service.judge("remote", "x");
    expect({ status: answer.status, ...line }).toMatchObject(expected);
    expect(Number(line["durationMs"])).toBeLessThan(10_000);
    expect(counted).toEqual({ [expected.verdict]: 1 });
  });

  it("gets through where the scanner is busy every other time", async () => {
    fake.script = inTurn(answersStatus(503, { "retry-after": "0" }), clean);
    expect((await service.judge("remote", "x")).answer.status).toBe(204);
  });

  it.each([
    ["refuses connections", "gone", "ECONNREFUSED"],
    ["has a name that nobody knows", "nowhere", "ENOTFOUND|EAI_AGAIN"],
    ["shows an expired certificate", "expired", "CERT_HAS_EXPIRED"],
    ["is vouched for by nobody", "stranger", "CERT_HAS_EXPIRED|SELF_SIGNED|UNABLE_TO"],
  ])("fails and says so when the scanner %s", async (_name, name, code) => {
    const { answer, line, counted } = await service.judge(name, "x");
    expect({ status: answer.status, ...line }).toMatchObject(failed);
    expect(counted).toEqual({ error: 1 });
    expect(service.log).toMatch(new RegExp(`"scanner":"${name}".*(${code})`));
  });

  it("has clients forget what they cached when the scanner's signatures change", async () => {
    const istag = async (epoch: string): Promise<string | undefined> => {
      fake.script = answers({ verdict: "clean" }, { "scan-epoch": epoch });
      await service.judge("remote", "x");
      return icapField((await service.judge("remote", "x")).answer, "istag");
    };
    const [before, same, after] = [await istag("1"), await istag("1"), await istag("2")];
    expect(same).toBe(before);
    expect(after).not.toBe(before);
  });

  it("trusts the scanner's authority, shows its own certificate and its token", async () => {
    const { answer } = await service.judge("secured", "x");
    expect(answer.status).toBe(204);
    expect(secured.received[0]?.headers.authorization).toBe("Bearer s3cret-t0ken");
  });

  it("shows a token that was rotated, without a restart", async () => {
    service.rotate("default/token", "value", "r0tated-t0ken");
    await vi.waitFor(async () => {
      await service.judge("secured", "x");
      expect(secured.received.at(-1)?.headers.authorization).toBe("Bearer r0tated-t0ken");
    }, 10_000);
    expect(service.log).toContain('"msg":"scanner\'s secrets have changed"');
  });

  it("keeps the token that was good while the new one cannot be used", async () => {
    service.rotate("default/token", "value", "no\ntoken");
    await vi.waitFor(() => expect(service.log).toContain("secrets cannot be used"), 10_000);
    expect((await service.judge("secured", "x")).answer.status).toBe(204);
    expect(secured.received.at(-1)?.headers.authorization).toBe("Bearer r0tated-t0ken");
  });

  it("writes no secret into the log", () => {
    expect(service.log).not.toContain("s3cret-t0ken");
    expect(service.log).not.toContain("r0tated-t0ken");
    expect(service.log).not.toContain("PRIVATE KEY");
  });
});

import { createHash, randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { eicar } from "../../support/eicar.ts";
import { describeWith } from "../../support/programs.ts";
import { ClamdServer, clamavPrograms, frame, instreamOf, useClamd } from "./clamd-server.ts";

const found = "stream: Win.Test.EICAR_HDB-1.UNOFFICIAL FOUND";

describeWith(clamavPrograms, "the protocol of clamd, as the client relies on it", () => {
  const clamd = useClamd(["StreamMaxLength 1M"]);

  it("ends a reply as its command ended", async () => {
    expect(await clamd().ask("zPING\0")).toBe("PONG");
    expect(await clamd().ask("nPING\n")).toBe("PONG");
  });

  it("tells no version of signatures when there is no daily database", async () => {
    expect(await clamd().ask("zVERSION\0")).toMatch(/^ClamAV \d+\.\d+\.\d+$/);
  });

  it("knows the commands that are used", async () => {
    const reply = await clamd().ask("zVERSIONCOMMANDS\0");
    const commands = reply.split(" COMMANDS: ")[1]?.split(" ");
    expect(commands).toEqual(
      expect.arrayContaining(["PING", "VERSION", "RELOAD", "IDSESSION", "INSTREAM"]),
    );
  });

  it("marks signatures of one's own as unofficial", async () => {
    expect(await clamd().ask(instreamOf(eicar))).toBe(found);
  });

  it("calls an empty stream clean", async () => {
    expect(await clamd().ask("zINSTREAM\0", frame(""))).toBe("stream: OK");
  });

  it("says so when a stream is longer than StreamMaxLength, before it is whole", async () => {
    const connection = await clamd().connect();
    await connection.send([Buffer.from("zINSTREAM\0")]);
    const piece = frame(randomBytes(64 * 1024));
    while (connection.isOpen && !connection.hasReply) await connection.send([piece]);
    expect(await connection.reply()).toBe("INSTREAM size limit exceeded. ERROR");
  });

  it("gives no verdict before the end of the stream", async () => {
    const connection = await clamd().connect();
    await connection.send([Buffer.from("zINSTREAM\0"), frame(eicar)]);
    // Another scan begun later is over, and this one is still silent.
    expect(await clamd().ask(instreamOf(eicar))).toBe(found);
    expect(connection.hasReply).toBe(false);
    await connection.send([frame("")]);
    expect(await connection.reply()).toBe(found);
    connection.close();
  });

  it("numbers the answers of a session", async () => {
    const session = await clamd().connect();
    await session.send([Buffer.from("zIDSESSION\0zPING\0"), instreamOf(eicar)]);
    const replies = [await session.reply(), await session.reply()].sort();
    expect(replies).toEqual(["1: PONG", `2: ${found}`]);
    session.close();
  });

  it("ends a session whole when one stream in it is too long", async () => {
    const session = await clamd().connect();
    const tooLong = Buffer.concat([Buffer.from("zINSTREAM\0"), frame(randomBytes(2 * 1024 ** 2))]);
    await session.send([Buffer.from("zIDSESSION\0"), tooLong]);
    expect(await session.reply()).toMatch(/INSTREAM size limit exceeded\. ERROR$/);
    await expect(session.reply()).rejects.toThrow(/connection/);
  });
});

describeWith(clamavPrograms, "databases of one's own", () => {
  const clamd = new ClamdServer();
  const hex = (text: string) => Buffer.from(text).toString("hex");
  const hashOf = (algorithm: string, text: string) =>
    createHash(algorithm).update(text).digest("hex");
  beforeAll(async () => {
    clamd.addDatabase("a.hsb", `${hashOf("sha256", "known by hash")}:13:Test.Sha256\n`);
    clamd.addDatabase("a.ndb", `Test.Bytes:0:*:${hex("known by its bytes")}\n`);
    clamd.addDatabase(
      "a.ldb",
      `Test.Logic;Engine:81-255,Target:0;0&1;${hex("one half")};${hex("other half")}\n`,
    );
    clamd.addDatabase("a.yar", 'rule Mine { strings: $a = "known by rule" condition: $a }\n');
    clamd.addDatabase("b.hdb", `${hashOf("md5", "wrongly known")}:13:Test.Wrong\n`);
    clamd.addDatabase("b.fp", `${hashOf("md5", "wrongly known")}:13:Test.Wrong\n`);
    await clamd.start();
  });
  afterAll(() => clamd.remove());

  it.each([
    [".hsb", "known by hash", "Test.Sha256.UNOFFICIAL FOUND"],
    [".ndb", "xx known by its bytes", "Test.Bytes.UNOFFICIAL FOUND"],
    [".ldb", "one half and other half", "Test.Logic.UNOFFICIAL FOUND"],
    [".yar", "xx known by rule", "YARA.Mine.UNOFFICIAL FOUND"],
    [".fp, which takes back what .hdb says,", "wrongly known", "OK"],
  ])("of the form %s are in force", async (_form, content, reply) => {
    expect(await clamd.ask(instreamOf(content))).toBe(`stream: ${reply}`);
  });
});

describeWith(clamavPrograms, "an idle session of clamd", () => {
  const clamd = useClamd(["ReadTimeout 1", "CommandReadTimeout 1", "IdleTimeout 1"]);

  it("ends with a line that has no number", async () => {
    const session = await clamd().connect();
    await session.send([Buffer.from("zIDSESSION\0zPING\0")]);
    expect(await session.reply()).toBe("1: PONG");
    expect(await session.reply()).toBe("COMMAND READ TIMED OUT");
    await expect(session.reply()).rejects.toThrow(/closed/);
  });
});

describeWith(clamavPrograms, "RELOAD of clamd", () => {
  const clamd = useClamd();
  beforeAll(async () => {
    clamd().addSignature("more", "content of tomorrow", "Test.Tomorrow");
  });

  it("is answered at once, and the new signatures are in force some time later", async () => {
    expect(await clamd().ask(instreamOf("content of tomorrow"))).toBe("stream: OK");
    expect(await clamd().ask("zRELOAD\0")).toBe("RELOADING");
    const matches = async () => await clamd().ask(instreamOf("content of tomorrow"));
    while ((await matches()) === "stream: OK") await pause(20);
    expect(await matches()).toBe("stream: Test.Tomorrow.UNOFFICIAL FOUND");
  });
});

describeWith(clamavPrograms, "clamd with a daily database", () => {
  it("tells its version and date", async () => {
    const clamd = new ClamdServer();
    clamd.addDaily(27_500, "x", "Test.X");
    await clamd.start();
    expect(await clamd.ask("zVERSION\0")).toMatch(
      /^ClamAV [\d.]+\/27500\/\w{3} \w{3} .\d [\d:]+ \d{4}$/,
    );
    await clamd.remove();
  });
});

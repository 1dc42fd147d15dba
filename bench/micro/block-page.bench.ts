import { BlockPages, blockAnswer } from "../../src/services/block-page/index.ts";
import type { MicroSuite, MicroTask } from "./suite.ts";

const pages = new BlockPages();
const info = {
  cause: "verdict",
  direction: "respmod",
  threats: [{ name: "EICAR-Test-File", path: "download/eicar.com" }],
  incidentId: "01JD9F3Q7ZK8M4",
  service: "scan",
  time: new Date("2000-01-10T09:55:21Z"),
  url: "http://www.example.com/dir/object?id=12345",
  fileName: "eicar.com",
} as const;
const answer = {
  date: "Mon, 10 Jan 2000 09:55:21 GMT",
  via: "sluice",
  bodyless: false,
};

function render(name: string, accept: string, acceptLanguage: string): MicroTask {
  const preferences = { accept, acceptLanguage };
  return { name, run: () => blockAnswer(pages.render(info, preferences), answer) };
}

export const suite: MicroSuite = {
  title: "render a block page",
  tasks: [
    render("HTML, English", "text/html,application/xhtml+xml,*/*;q=0.8", "en-US,en;q=0.5"),
    render("HTML, Arabic", "text/html,application/xhtml+xml,*/*;q=0.8", "ar,en;q=0.5"),
    render("JSON", "application/json", "en-US,en;q=0.5"),
  ],
};

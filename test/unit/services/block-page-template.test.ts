import { describe, expect, it } from "vitest";
import { defaultTemplate, parseTemplate } from "../../../src/services/block-page/index.ts";
import { blockInfo, htmlOf, pageOf } from "./block-page-info.ts";

function problems(source: string): readonly string[] {
  const result = parseTemplate(source);
  return result.ok ? [] : result.problems;
}

function parsed(source: string) {
  const result = parseTemplate(source);
  if (!result.ok) throw new Error(result.problems.join("; "));
  return result.template;
}

describe("a template of one's own", () => {
  it("replaces the page", () => {
    const template = parsed("<p>{{title}}: {{incident}}{{#threats}} [{{name}}]{{/threats}}</p>\n");
    expect(htmlOf(blockInfo(), { options: { template } })).toBe(
      "<p>This content is malicious: 7K3F-9QWM-2XTR-04BC [EICAR-Test-File]</p>\n",
    );
  });

  it("is filled in the reader's language", () => {
    const template = parsed("{{labels.incident}} {{language}} {{direction}}");
    expect(htmlOf(blockInfo(), { acceptLanguage: "de", options: { template } })).toBe(
      "Vorgangsnummer de ltr",
    );
  });

  it("gets every value escaped", () => {
    const template = parsed("{{file}}");
    expect(htmlOf(blockInfo({ fileName: "<b>" }), { options: { template } })).toBe("&lt;b&gt;");
  });

  it("can leave a part out", () => {
    const template = parsed("{{#note}}note{{/note}}{{^note}}none{{/note}}");
    expect(htmlOf(blockInfo({ message: undefined }), { options: { template } })).toBe("none");
  });

  it("can decide by what is the same for all pages of a kind", () => {
    const template = parsed("{{#reason}}{{reason}}{{/reason}}");
    expect(htmlOf(blockInfo(), { options: { template } })).toBe("malware");
  });

  it("has its own style sheets allowed", () => {
    const template = parsed("<style>p{}</style><style media=print>b{}</style>{{title}}");
    expect(pageOf(blockInfo(), { options: { template } }).headers).toMatch(
      /style-src 'sha256-[A-Za-z0-9+/]{43}=' 'sha256-[A-Za-z0-9+/]{43}=';/,
    );
  });

  it("without style sheets has none allowed", () => {
    expect(parsed("{{title}}").contentSecurityPolicy).not.toContain("style-src");
  });

  it("may have comments", () => {
    expect(htmlOf(blockInfo(), { options: { template: parsed("{{! hello }}x") } })).toBe("x");
  });

  it.each([
    ["an unknown name", "a\n\n{{insident}}", "line 3: unknown name {{insident}}"],
    ["an unknown section", "{{#foo}}{{/foo}}", "line 1: unknown name {{foo}}"],
    ["an unknown inverted section", "{{^foo}}{{/foo}}", "line 1: unknown name {{foo}}"],
    ["a name of a list outside of it", "{{path}}", "line 1: unknown name {{path}}"],
    [
      "an unknown name in a section",
      "{{#threats}}{{nam}}{{/threats}}",
      "line 1: unknown name {{nam}}",
    ],
    ["an unescaped value", "{{{file}}}", "line 1: {{{file}}} would not be escaped: use {{file}}"],
    [
      "another unescaped value",
      "{{& file}}",
      "line 1: {{{file}}} would not be escaped: use {{file}}",
    ],
    ["a partial", "{{> header}}", "line 1: partial {{> header}}: a template is one file"],
    ["a section that is not closed", "a\n{{#file}}", 'line 2: Unclosed section "file"'],
    ["a section closed twice", "{{/file}}", 'line 1: Unopened section "file"'],
    ["a tag that is not closed", "a\n{{file", "line 2: Unclosed tag"],
    [
      "a script",
      "x\n<script src=a>",
      "line 2: a script element: the page must work without scripts",
    ],
    [
      "a linked style sheet",
      '<link rel="stylesheet" href="a.css">',
      "line 1: a linked style sheet: put the styles into a style element",
    ],
    [
      "a style attribute",
      '<p style="a">',
      "line 1: a style attribute: put the styles into a style element",
    ],
    [
      "an image from elsewhere",
      '<img src="https://example.org/logo.png">',
      "line 1: a src that is no data: URL: nothing is loaded from elsewhere",
    ],
    [
      "a name in a style sheet",
      "<style>p { color: {{tone}} }</style>",
      "line 1: a name inside a style element: it would change the hash in the Content-Security-Policy",
    ],
  ])("is refused for %s", (_, source, problem) => {
    expect(problems(source)).toContain(problem);
  });

  it("is told all its problems at once", () => {
    expect(problems("{{a}}\n{{b}}\n<script>")).toHaveLength(3);
  });

  it("may hold an image in a data: URL", () => {
    expect(problems('<img alt="" src="data:image/png;base64,AA==">')).toEqual([]);
  });

  it("can start from the one that Sluice brings along", () => {
    expect(htmlOf(blockInfo(), { options: { template: parsed(defaultTemplate) } })).toBe(
      htmlOf(blockInfo()),
    );
  });
});

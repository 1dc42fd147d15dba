/**
 * The page as Sluice brings it along: one file, no script, nothing loaded from elsewhere. It is
 * also the example that a template of one's own starts from (docs/block-page.md).
 *
 * Colours reach the contrast of WCAG 2.2 AA in both schemes; a test computes it.
 */
export const defaultTemplate = `<!doctype html>
<html lang="{{language}}" dir="{{direction}}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>{{labels.blocked}}: {{title}}</title>
<link rel="icon" href="data:,">
<style>
:root {
  color-scheme: light dark;
  --page: #eef1f4; --card: #ffffff; --line: #d5dae0; --field: #f6f8fa; --edge: #79828d;
  --text: #1b2127; --muted: #545d68; --link: #0a5bb5;
  --danger: #b3261e; --caution: #8a5000;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0e1116; --card: #181d24; --line: #303741; --field: #0f1319; --edge: #7d8794;
    --text: #e8ebef; --muted: #a6afba; --link: #79b8ff;
    --danger: #ff8f85; --caution: #f3b65c;
  }
}
.danger { --tone: var(--danger); }
.caution { --tone: var(--caution); }
* { box-sizing: border-box; }
body {
  margin: 0; padding: clamp(0.75rem, 4vw, 4rem) clamp(0.75rem, 4vw, 2rem);
  background: var(--page); color: var(--text);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
  overflow-wrap: anywhere;
}
:lang(ar) { line-height: 1.8; }
main {
  max-width: 42rem; margin: 0 auto; padding: clamp(1.25rem, 5vw, 2.5rem);
  background: var(--card); border: 1px solid var(--line); border-top: 0.375rem solid var(--tone);
  border-radius: 0.75rem;
}
p { margin: 0 0 0.75rem; }
.kind { display: flex; align-items: center; gap: 0.5rem; margin: 0 0 0.25rem; color: var(--tone); font-weight: 600; }
svg { flex: none; width: 1.5rem; height: 1.5rem; }
h1 { margin: 0 0 0.75rem; font-size: clamp(1.5rem, 5vw, 2rem); line-height: 1.3; text-wrap: balance; }
h2 { margin: 1.75rem 0 0.5rem; font-size: 1.125rem; line-height: 1.4; }
.stopped { font-size: 1.125rem; }
.note { padding-inline-start: 0.875rem; border-inline-start: 0.25rem solid var(--tone); }
.note span, label, dt, small { color: var(--muted); font-size: 0.875rem; }
.note span, label, dd small { display: block; }
dl {
  display: grid; grid-template-columns: minmax(5rem, max-content) 1fr; gap: 0.5rem 1.25rem;
  margin: 1.25rem 0; padding: 1rem 0; border: solid var(--line); border-width: 1px 0;
}
dt { padding-top: 0.125rem; }
dd { grid-column: 2; min-width: 0; margin: 0; }
.first { font-weight: 600; }
.tell { padding: 1rem; background: var(--field); border: 1px solid var(--line); border-radius: 0.5rem; }
.tell > :last-child { margin-bottom: 0; }
input {
  width: 100%; margin: 0.25rem 0 0; padding: 0.5rem 0.75rem;
  background: var(--card); color: var(--text); border: 1px solid var(--edge); border-radius: 0.375rem;
  font: 1rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace;
}
[dir="rtl"] input { text-align: right; }
a, strong { font-weight: 600; }
a, strong, p small { display: inline-block; }
a { color: var(--link); }
:focus-visible { outline: 0.1875rem solid var(--link); outline-offset: 0.125rem; }
@media (max-width: 30rem) {
  dl { display: block; }
  dd + dt { margin-top: 0.75rem; }
  .tell { padding: 0; background: none; border: 0; }
  input { padding-inline: 0.375rem; font-size: 0.875rem; }
}
@media print {
  :root {
    --page: #fff; --card: #fff; --field: #fff; --line: #999; --text: #000; --muted: #333;
    --link: #000; --danger: #000; --caution: #000;
  }
  body, main { padding: 0; border: 0; }
}
</style>
</head>
<body class="{{tone}}">
<main>
<p class="kind"><svg viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path fill="currentColor" d="M12 1 3 4.6v6.1c0 5.4 3.8 10.4 9 12.3 5.2-1.9 9-6.9 9-12.3V4.6L12 1Zm-1.2 5.5h2.4v7h-2.4v-7Zm1.2 12a1.5 1.5 0 1 1 0-3 1.5 1.5 0 0 1 0 3Z"/></svg>{{labels.blocked}}</p>
<h1>{{title}}</h1>
<p class="stopped">{{stopped}}</p>
<p>{{explanation}}</p>
{{#note}}
<p class="note"><span>{{labels.note}}</span><bdi>{{note}}</bdi></p>
{{/note}}
<dl aria-label="{{labels.details}}">
{{#file}}
<dt>{{labels.file}}</dt><dd class="first"><bdi>{{file}}</bdi></dd>
{{/file}}
{{#address}}
<dt>{{labels.address}}</dt><dd><bdi dir="ltr">{{address}}</bdi></dd>
{{/address}}
{{#found}}
<dt>{{labels.threats}}</dt>{{#threats}}<dd><bdi dir="ltr">{{name}}</bdi>{{#path}}<small>{{labels.inside}} <bdi dir="ltr">{{path}}</bdi></small>{{/path}}</dd>{{/threats}}
{{/found}}
<dt>{{labels.time}}</dt><dd><time datetime="{{timeIso}}" dir="ltr">{{time}}</time></dd>
<dt>{{labels.service}}</dt><dd><bdi>{{service}}</bdi></dd>
</dl>
<section aria-labelledby="advice">
<h2 id="advice">{{labels.advice}}</h2>
<p>{{advice}}</p>
<div class="tell">
{{#contact}}
<p>{{labels.contact}} {{#href}}<a href="{{href}}"><bdi>{{label}}</bdi></a>{{/href}}{{^href}}<strong><bdi>{{label}}</bdi></strong>{{/href}}{{#target}} <small dir="ltr">{{target}}</small>{{/target}}</p>
{{/contact}}
{{^contact}}
<p>{{labels.contactUnknown}}</p>
{{/contact}}
<p><label for="incident">{{labels.incident}}</label><input id="incident" value="{{incident}}" dir="ltr" readonly autocomplete="off" spellcheck="false"></p>
</div>
</section>
</main>
</body>
</html>
`;

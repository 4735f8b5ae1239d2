#pragma once

// The style sheet of the report for browsers: light and dark, wide and narrow, and on paper. Not a
// byte of it depends on the report: its hash stands in the page's Content-Security-Policy.

#include <string_view>

namespace audit {

inline constexpr std::string_view kHtmlStyle = R"css(
:root{--paper:#f6f7f9;--card:#fff;--ink:#1c2330;--quiet:#5d6778;--line:#dfe3ea;--error:#c4314b;
--warning:#c77700;--info:#3b7dd8;--bar:#5b7fa6;--on:#fff}
@media (prefers-color-scheme:dark){:root{--paper:#12161d;--card:#1b212b;--ink:#e6e9ef;
--quiet:#9aa5b5;--line:#2d3643;--error:#f0627c;--warning:#f0a03c;--info:#6ca6f5;--bar:#7fa3c9;
--on:#12161d}}
*{box-sizing:border-box}
body{margin:0 auto;padding:32px 24px 48px;max-width:1120px;background:var(--paper);
color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
h1{margin:0;font-size:30px;line-height:1.2}
h2{margin:0 0 8px;font-size:19px;line-height:1.3}
h2 small{color:var(--quiet);font-weight:400}
p{margin:0 0 12px}
header p,.quiet,footer,small{color:var(--quiet)}
header{margin-bottom:24px}
a{color:var(--info);text-decoration:none}
a:hover{text-decoration:underline}
code{font:13px ui-monospace,"DejaVu Sans Mono",monospace}
section,figure{margin:0 0 20px;padding:20px 24px;background:var(--card);
border:1px solid var(--line);border-radius:10px}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(128px,1fr));gap:12px;
margin:0 0 12px;padding:0;list-style:none}
.tiles li{padding:14px 16px;background:var(--card);border:1px solid var(--line);
border-top:4px solid var(--line);border-radius:10px}
.tiles b{display:block;font-size:28px;line-height:1.2;font-variant-numeric:tabular-nums}
.tiles span{display:block;color:var(--quiet);font-size:13px;line-height:1.35}
.tiles .error{border-top-color:var(--error)}
.tiles .warning{border-top-color:var(--warning)}
.tiles .info{border-top-color:var(--info)}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(420px,100%),1fr));gap:20px;
padding:0;background:none;border:0}
.charts figure{margin:0}
figcaption{margin-bottom:12px;font-weight:600}
svg{display:block;width:100%;height:auto;overflow:visible}
rect.error{fill:var(--error)}
rect.warning{fill:var(--warning)}
rect.info{fill:var(--info)}
rect.bar{fill:var(--bar)}
text{fill:var(--ink);font-size:12.5px;dominant-baseline:central}
.label{text-anchor:end}
.value{fill:var(--quiet);font-variant-numeric:tabular-nums}
.over,.under,.sum{text-anchor:middle}
.under{fill:var(--quiet);font-size:11.5px}
.sum{font-size:30px;font-weight:600}
.ring{fill:none;stroke-width:26}
.ring.none{stroke:var(--line)}
.ring.error{stroke:var(--error)}
.ring.warning{stroke:var(--warning)}
.ring.info{stroke:var(--info)}
.ring-box>svg{max-width:200px;margin:0 auto}
.legend{display:flex;flex-wrap:wrap;gap:4px 20px;justify-content:center;margin:12px 0 0;padding:0;
list-style:none;color:var(--quiet);font-size:13px}
.legend svg{display:inline-block;width:10px;height:10px;margin-right:6px}
table{width:100%;border-collapse:collapse;font-size:14px}
th,td{padding:7px 12px 7px 0;border-bottom:1px solid var(--line);text-align:left;
vertical-align:top;overflow-wrap:anywhere}
th{color:var(--quiet);font-weight:600;font-size:12.5px}
.findings{table-layout:fixed}
.findings th:nth-child(1){width:14%}
.findings th:nth-child(2){width:40%}
tbody tr:last-child td{border-bottom:0}
.n{padding-right:0;padding-left:12px;text-align:right;white-space:nowrap;
font-variant-numeric:tabular-nums}
.badge{display:inline-block;padding:1px 8px;border:1px solid var(--line);border-radius:99px;
color:var(--quiet);font-size:12px;font-weight:600;line-height:1.5;vertical-align:2px}
.badge.error{background:var(--error);border-color:var(--error);color:var(--on)}
.badge.warning{background:var(--warning);border-color:var(--warning);color:var(--on)}
.badge.info{background:var(--info);border-color:var(--info);color:var(--on)}
footer{font-size:13px}
@media (max-width:600px){body{padding:20px 12px}section,figure{padding:16px}}
@media print{:root{--paper:#fff;--card:#fff;--ink:#000;--quiet:#444;--line:#bbb;--error:#b01e3a;
--warning:#a86200;--info:#2a63b3;--bar:#4a6c91;--on:#fff}
body{max-width:none;padding:0;font-size:11pt;print-color-adjust:exact}
section,figure{padding:0;border:0}
.charts{grid-template-columns:1fr 1fr;gap:28px}
.tiles{grid-template-columns:repeat(4,1fr)}
figure,tr,.tiles li,h2{break-inside:avoid}h2{break-after:avoid}thead{display:table-header-group}
a{color:inherit}}
)css";

}  // namespace audit

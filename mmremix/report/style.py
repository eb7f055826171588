"""Looks and behaviour of the page, without any file beside it."""

from __future__ import annotations

from mmremix.report.render import COLOURS, style_sheet

_LIGHT, _DARK = (
    ';'.join(f'--{name}:{pair[i]}' for name, pair in COLOURS.items())
    for i in (0, 1)
)
STYLE = f"""
:root{{color-scheme:light dark;{_LIGHT}}}
@media (prefers-color-scheme:dark){{:root{{{_DARK}}}}}
"""
STYLE += """
*{box-sizing:border-box}
html{scroll-padding-top:1rem}
body{margin:0 auto;padding:1.5rem clamp(1rem,3vw,4rem) 4rem;
max-width:130rem;
background:var(--paper);color:var(--ink);
font:1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
h1{font-size:1.6rem;line-height:1.2;margin:0 0 1rem}
h2{font-size:1.25rem;line-height:1.3;margin:3rem 0 .25rem;
padding-top:.75rem;border-top:1px solid var(--rule)}
h3{font-size:1rem;margin:1.75rem 0 .25rem}
h4,.title{font-size:.9rem;font-weight:700;margin:0 0 .4rem}
p{margin:.25rem 0 .75rem;max-width:44rem}
.lead,.note,figcaption,.facts,.where,.readout,caption,.absent{
color:var(--soft);font-size:.85rem}
.where{font-weight:400}
.verdict{font-size:1.15rem;line-height:1.4;margin:.5rem 0 .25rem}
.note{border-left:3px solid var(--rule);padding-left:.75rem}
.note ul,.warning ul{margin:0;padding-left:1.25rem}
.warning{border:2px solid var(--s2);border-radius:.5rem;
padding:.75rem 1.25rem;margin:1rem 0}
.warning strong{color:var(--s2)}
.warning p{max-width:none}
.warning li{font-size:.85rem}
nav button{font:inherit;font-size:.85rem;margin-top:.5rem;
padding:.35rem .75rem;border:1px solid var(--soft);border-radius:.35rem;
background:var(--paper);color:var(--ink);cursor:pointer}
a{color:var(--s1)}
a.skip{position:absolute;left:-99rem}
a.skip:focus{left:1rem;top:.5rem;background:var(--paper);padding:.5rem}
:focus-visible{outline:3px solid var(--s1);outline-offset:2px;
border-radius:2px}
nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1rem;padding:0;
margin:1rem 0 0;list-style:none;font-size:.85rem}
nav a{display:inline-block;padding:.25rem 0}
.glance{list-style:none;padding:0;margin:1rem 0;display:grid;gap:1.25rem;
grid-template-columns:repeat(auto-fit,minmax(min(100%,24rem),1fr))}
.glance li{background:var(--panel);padding:1rem 1.25rem;border-radius:.5rem;
min-width:0}
.glance h2{margin:0;padding:0;border:0;font-size:.9rem;color:var(--soft)}
.glance svg{max-width:30rem;margin:.5rem 0}
.glance p{margin:.25rem 0 0}
.glance .keys{margin:0 0 .75rem}
.panels{display:grid;gap:1.5rem 2rem;margin:1rem 0;
grid-template-columns:repeat(auto-fit,minmax(min(100%,20rem),1fr))}
figure{margin:0;min-width:0;max-width:36rem}
.few figure{max-width:none;display:flex;flex-wrap:wrap;gap:0 2rem}
.few figure>div{flex:1 1 20rem;max-width:36rem;min-width:0}
.few figure>details{flex:1 1 auto;max-width:100%;min-width:0}
svg{display:block;width:100%;height:auto}
.keys{margin:0 0 .25rem;font-size:.85rem}
.key{font-weight:600;margin-right:.9rem;display:inline-block}
.key::before{content:"";display:inline-block;width:.7em;height:.7em;
margin-right:.35em;border-radius:50%;background:currentColor}
.readout{margin:-.3rem 0 .3rem;font-variant-numeric:tabular-nums}
details{margin:.4rem 0;font-size:.85rem}
summary{cursor:pointer;padding:.3rem 0;color:var(--soft)}
pre{overflow:auto;max-height:32rem;background:var(--panel);padding:.75rem;
border-radius:.5rem;font-size:.8rem;overflow-wrap:normal}
.scroll{overflow:auto;max-height:34rem;max-width:100%}
table{border-collapse:collapse;font-size:.85rem;overflow-wrap:normal;
font-variant-numeric:tabular-nums}
caption{text-align:left;padding:.25rem 0}
th,td{padding:.25rem .75rem .25rem 0;text-align:right;
border-bottom:1px solid var(--rule);white-space:nowrap}
th:first-child{text-align:left}
thead th{position:sticky;top:0;background:var(--paper);font-weight:600}
tbody th{font-weight:400}
td[style]{background:linear-gradient(90deg,var(--rule) var(--v),
transparent 0) 0 80%/calc(100% - .75rem) 2px no-repeat}
th button{all:unset;cursor:pointer;font-weight:600}
th button:focus-visible{outline:3px solid var(--s1)}
th[aria-sort=ascending] button::after{content:" ↑"}
th[aria-sort=descending] button::after{content:" ↓"}
.cards{list-style:none;padding:0;margin:.75rem 0;display:grid;gap:1rem;
grid-template-columns:repeat(auto-fill,minmax(min(100%,17rem),1fr))}
.cards li{background:var(--panel);padding:.75rem;border-radius:.5rem;
min-width:0}
.cards img{display:block;width:100%;height:auto;margin:0 0 3px;
image-rendering:auto}
.cards img.sound{height:4.5rem;object-fit:fill}
.cards .facts,.cards .absent{margin:.35rem 0 0}
svg.history{height:.5rem;margin-top:.4rem}
.key{color:var(--c)}
.hit.on{fill-opacity:.1}
.cell.on{stroke:var(--ink);stroke-width:1.5}
"""
STYLE += style_sheet()
STYLE += f"""
@media print{{:root{{color-scheme:light;{_LIGHT}}}}}
"""
STYLE += """
@media print{
@page{margin:14mm}
body{max-width:none;padding:0;font-size:9pt}
nav,.readout,a.skip,th button::after{display:none!important}
h2{margin-top:1.5rem}
h2,h3,h4,.title,.lead{break-after:avoid}
figure>div,.cards li,.glance li,.warning,.note,tr{break-inside:avoid}
.panels{grid-template-columns:repeat(2,minmax(0,1fr));gap:1rem}
.few figure{display:block}
.few figure:only-child>div{max-width:50%}
.cards{grid-template-columns:repeat(3,minmax(0,1fr))}
.glance{grid-template-columns:repeat(2,minmax(0,1fr))}
.scroll{overflow:visible;max-height:none;break-inside:avoid}
thead th{position:static}
th,td{white-space:normal}
pre{max-height:none;white-space:pre-wrap}
details:not([open]){display:none}
.glance li,.cards li,pre{border:1px solid var(--rule)}
svg,img,.key::before{print-color-adjust:exact;-webkit-print-color-adjust:exact}
}
"""

SCRIPT = """
'use strict';
for (const chart of document.querySelectorAll('.chart[tabindex]')) {
  const marks = [...chart.querySelectorAll('[data-t]')];
  const out = chart.parentElement.querySelector('.readout');
  let at = -1;
  const show = (i) => {
    if (at >= 0) marks[at].classList.remove('on');
    at = i;
    marks[at].classList.add('on');
    out.textContent = marks[at].dataset.t;
  };
  marks.forEach((mark, i) => {
    mark.addEventListener('pointerenter', () => show(i));
    mark.addEventListener('click', () => show(i));
  });
  chart.addEventListener('keydown', (event) => {
    const step = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1,
      Home: -marks.length, End: marks.length}[event.key];
    if (!step) return;
    event.preventDefault();
    show(Math.min(Math.max(at + step, 0), marks.length - 1));
  });
}
const tables = [...document.querySelectorAll('figure details')];
const all = document.getElementById('tables');
if (all && tables.length) {
  all.hidden = false;
  if (matchMedia('(min-width:70rem)').matches) {
    tables.forEach((one) => { one.open = Boolean(one.closest('.few')); });
  }
  all.addEventListener('click', () => {
    const open = all.getAttribute('aria-pressed') !== 'true';
    all.setAttribute('aria-pressed', open);
    tables.forEach((one) => { one.open = open; });
  });
}
for (const table of document.querySelectorAll('table.sortable')) {
  const heads = [...table.tHead.rows[0].cells];
  const number = (row, i) => parseFloat(row.cells[i].textContent);
  heads.forEach((head, i) => head.firstChild.addEventListener('click', () => {
    const up = head.getAttribute('aria-sort') === 'descending';
    heads.forEach((other) => other.removeAttribute('aria-sort'));
    head.setAttribute('aria-sort', up ? 'ascending' : 'descending');
    const rows = [...table.tBodies[0].rows];
    rows.sort((a, b) => {
      const text = a.cells[i].textContent.localeCompare(
        b.cells[i].textContent);
      const by = i ? (number(a, i) - number(b, i)) || 0 : text;
      return up ? by : -by;
    });
    table.tBodies[0].append(...rows);
  }));
}
"""

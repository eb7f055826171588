"""The page in a real browser; collected where Chromium is on the PATH."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from html import escape, unescape

import pytest

from mmremix.report import group_runs, load_run, render_page
from tests.report.made_run import make_run

BROWSER = next(
    filter(
        None,
        map(shutil.which, ('chromium', 'chromium-browser', 'google-chrome')),
    ),
    None,
)
# The report in frames as wide as a phone and as a screen, measured, and used
# as somebody without a mouse would.
WRAPPER = """<!DOCTYPE html><html><body>
<iframe id="phone" style="width:390px;height:844px" srcdoc="{page}"></iframe>
<iframe id="desk" style="width:1280px;height:900px" srcdoc="{page}"></iframe>
<pre id="found"></pre>
<script>
addEventListener('load', () => {{
  const found = {{}};
  for (const name of ['phone', 'desk']) {{
    const doc = document.getElementById(name).contentDocument;
    const win = doc.defaultView;
    const sizes = [...doc.querySelectorAll('svg')].map((svg) => {{
      const box = svg.getBoundingClientRect();
      return [svg.getAttribute('aria-label'), box.width, box.height];
    }});
    const chart = doc.querySelector('.chart[tabindex]');
    const out = chart.parentElement.querySelector('.readout');
    const before = out.textContent;
    chart.focus();
    const focused = doc.activeElement === chart;
    chart.dispatchEvent(new win.KeyboardEvent('keydown', {{key: 'Home'}}));
    const first = out.textContent;
    chart.dispatchEvent(
      new win.KeyboardEvent('keydown', {{key: 'ArrowRight'}}));
    const table = doc.querySelector('table.sortable');
    table.tHead.rows[0].cells[6].firstChild.click();
    found[name] = {{
      width: doc.documentElement.scrollWidth, sizes, before, focused, first,
      second: out.textContent,
      smallest: Math.min(...[...doc.querySelectorAll('svg text')].map(
        (t) => t.getBoundingClientRect().height)),
      sorted: [...table.tBodies[0].rows].map((r) => r.cells[6].textContent),
    }};
  }}
  document.getElementById('found').textContent = JSON.stringify(found);
}});
</script></body></html>"""


@pytest.fixture(scope='module')
def seen(tmp_path_factory):
    """What the browser measured, and what it had to complain about."""
    root = tmp_path_factory.mktemp('browser')
    runs = [make_run(root / 'remix'), make_run(root / 'joint', remix=False)]
    page = render_page(group_runs([load_run(path) for path in runs]))
    file = root / 'wrapper.html'
    file.write_text(WRAPPER.format(page=escape(page)), encoding='utf-8')
    options = ['--headless', '--disable-gpu', '--enable-logging=stderr']
    if os.geteuid() == 0:
        options.append('--no-sandbox')  # Chromium has none for root
    done = subprocess.run(
        [
            BROWSER,
            *options,
            '--window-size=1400,1000',
            '--virtual-time-budget=5000',
            f'--user-data-dir={root / "profile"}',
            '--dump-dom',
            file.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    found = re.search(r'<pre id="found">(.*?)</pre>', done.stdout, re.DOTALL)
    assert found and found[1], done.stderr
    complaints = [s for s in done.stderr.splitlines() if ':CONSOLE' in s]
    text = unescape(found[1]).replace('\N{NO-BREAK SPACE}', ' ')
    return json.loads(text), complaints


def test_no_complaints(seen):
    assert seen[1] == []


@pytest.mark.parametrize(('name', 'width'), [('phone', 390), ('desk', 1280)])
def test_fits(seen, name, width):
    found = seen[0][name]
    # A vertical scroll bar may take some of it.
    assert width - 20 <= found['width'] <= width
    assert len(found['sizes']) > 10
    for label, wide, high in found['sizes']:
        assert wide > 100 and high >= 5, label
    assert found['smallest'] > 7


@pytest.mark.parametrize('name', ['phone', 'desk'])
def test_without_a_mouse(seen, name):
    found = seen[0][name]
    assert found['focused']
    assert found['before'].startswith('epoch 5: fused 75 %')
    assert found['first'].startswith('epoch 1: fused 55 %')
    assert found['second'].startswith('epoch 2: fused 60 %')
    assert found['sorted'] == ['100 %', '67 %', '33 %']

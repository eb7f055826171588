"""The browser test is there where a browser is."""

from __future__ import annotations

import shutil

BROWSERS = ('chromium', 'chromium-browser', 'google-chrome')

collect_ignore = []
if not any(map(shutil.which, BROWSERS)):
    collect_ignore.append('test_browser.py')

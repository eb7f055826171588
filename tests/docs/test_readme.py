"""What the README tells people to write works as it stands there."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

from mmengine.config import Config

from mmremix.registry import MODELS
from tests.demo_run import ROOT, tiny_options
from tests.docs.test_own_components import forget
from tests.tool_run import run_tool

BLOCKS = re.findall(
    r'```(\w+)\n(.*?)```', (ROOT / 'README.md').read_text(), re.DOTALL
)


def block(mark):
    found = [text for _, text in BLOCKS if mark in text]
    assert len(found) == 1, mark
    here = r"_base_ = \['(?!mmremix::)"  # of files in configs/
    return re.sub(here, f"_base_ = ['{ROOT}/configs/", found[0])


def run(*words):
    """As a process would that has not imported the module before."""
    forget('my_fusion')
    done = run_tool(*words)
    forget('my_fusion')
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_own_fusion_head_works_everywhere(demo_root, tmp_path):
    """The folder of the config is where its modules are looked for."""
    code = block('# my_fusion.py')
    assert len(code.splitlines()) < 25
    (tmp_path / 'my_fusion.py').write_text(code)
    config = tmp_path / 'mine.py'
    config.write_text(block('custom_imports'))
    options = [
        '--cfg-options',
        *(f'{k}={v}' for k, v in tiny_options(demo_root, epochs=2).items()),
    ]
    work = tmp_path / 'work'
    told = run('tools/train.py', config, f'--work-dir={work}', *options)
    assert 'LogitSumHead' in told and 'Remix epoch 2:' in told
    weights = work / 'epoch_2.pth'
    told = run(
        'tools/test.py', config, weights, f'--work-dir={work}', *options
    )
    assert re.search(r'\nfusion +[01]\.', told)
    page = tmp_path / 'report.html'
    run('tools/analysis/report.py', work, '--out', page, '--samples=1')
    assert 'LogitSumHead' in page.read_text()
    clip = demo_root / 'clips' / 'test_00000.mp4'
    model = ('--config', config, '--checkpoint', weights)
    assert 'fusion' in run('tools/infer.py', clip, *model, *options)


def test_own_fusion_head_passes_our_own_lint(tmp_path):
    path = tmp_path / 'my_fusion.py'
    path.write_text(block('# my_fusion.py'))
    settings = f'--config={ROOT / "pyproject.toml"}'
    for words in (('check',), ('format', '--check')):
        subprocess.run(
            [sys.executable, '-m', 'ruff', *words, settings, path], check=True
        )


def test_config_for_own_clips(tmp_path):
    configs = shutil.copytree(ROOT / 'configs', tmp_path / 'configs')
    (configs / 'mine.py').write_text(block('# configs/mine.py'))
    cfg = Config.fromfile(configs / 'mine.py')
    assert cfg.method_every_modality.plan.type == 'EveryModalityHook'
    dataset = cfg.train_dataloader.dataset
    assert dataset.type == 'AVDataset'
    assert dataset.classes == ['clap', 'shout']
    assert len(dataset.pipeline) == 3
    assert MODELS.build(cfg.model).num_classes == 2


def test_named_files_exist():
    text = (ROOT / 'README.md').read_text()
    for name in re.findall(r'`((?:remix|joint)_\w+\.py)`', text):
        assert (ROOT / 'configs' / name).is_file(), name
    prose = re.sub(r'```.*?```', '', text, flags=re.DOTALL)
    for path in re.findall(r'\]\(([\w/.]+)\)', prose):
        assert (ROOT / path).exists(), path
    for path in re.findall(r'(tools/[\w/]+\.(?:py|sh))', text):
        assert (ROOT / path).is_file(), path

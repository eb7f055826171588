"""What MLflow is told, by a stand-in: it is no requirement."""

from __future__ import annotations

import re
import sys
import types

import pytest
from mmengine.registry import DefaultScope

from mmremix.registry import VISBACKENDS


@pytest.fixture
def store(monkeypatch):
    """Refuses the names and places that MLflow 3 refuses."""
    found = types.SimpleNamespace(figures={}, experiment=None, uri=None)
    mlflow = types.ModuleType('mlflow')

    def set_tracking_uri(uri):
        assert not uri.startswith('file:')
        found.uri = uri

    def log_metrics(metrics, step):
        assert all(re.fullmatch(r'[/\w.\- :]+', name) for name in metrics)
        found.figures.update(metrics)

    mlflow.set_tracking_uri = set_tracking_uri
    mlflow.get_experiment_by_name = lambda name: None
    mlflow.create_experiment = lambda name, artifact_location: setattr(
        found, 'experiment', (name, artifact_location)
    )
    mlflow.set_experiment = lambda name: None
    mlflow.log_metrics = log_metrics
    mlflow.log_metric = lambda name, value, step: log_metrics(
        {name: value}, step
    )
    monkeypatch.setitem(sys.modules, 'mlflow', mlflow)
    return found


def build(folder, **options):
    with DefaultScope.overwrite_default_scope('mmremix'):
        return VISBACKENDS.build(
            {
                'type': 'MLflowVisBackend',
                'save_dir': str(folder),
                'exp_name': 'mine',
                **options,
            }
        )


def test_names_and_store(store, tmp_path):
    backend = build(tmp_path)
    backend.add_scalars({'subset/fusion_video+audio': 0.5, 'loss': 1.0}, 3)
    backend.add_scalar('remix/kl:é', 0.25, 3)
    assert store.figures == {
        'subset/fusion_video_and_audio': 0.5,
        'loss': 1.0,
        'remix/kl:é': 0.25,
    }
    assert store.uri == f'sqlite:///{tmp_path}/mlflow.db'
    artifacts = (tmp_path / 'mlflow_artifacts').as_uri()
    assert store.experiment == ('mine', artifacts)


def test_a_store_of_ones_own(store, tmp_path):
    build(tmp_path, tracking_uri='http://tracking:5000').add_scalar('a', 1.0)
    assert store.uri == 'http://tracking:5000'
    assert store.experiment == ('mine', None)

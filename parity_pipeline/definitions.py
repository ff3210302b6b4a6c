"""The Dagster front: the definitions that workspace.yaml loads. The assembly is defs/build.py's."""

from parity_pipeline.defs.build import build_definitions

definitions = build_definitions()

"""Package description; tool settings are in pyproject.toml."""

import pathlib

import setuptools
from setuptools.command.build_py import build_py

here = pathlib.Path(__file__).parent
# What self-supervised front ends and the eGeMAPS reference need.
# Before 5.4, the layers of Whisper's encoder give tuples
transformers = ["transformers>=5.4"]
egemaps = ["opensmile>=2.5"]
docs = [
    "mkdocs>=1.6,<2",
    "mkdocs-material>=9.7,<10",
    "mkdocstrings[python]>=1.0",
    # Which the last mkdocstrings for Python 3.10 can drive
    "pymdown-extensions>=12.0.1,<12.3; python_version < '3.11'",
]
serve = ["gradio>=6.7"]
# With PyTorch 2.14's exporter
onnx = ["onnx>=1.19", "onnxscript>=0.5.6", "onnxruntime>=1.23"]
# Speech in recordings, its weights in the wheel; TextGrid and ELAN files
calls = ["silero-vad>=6.2.3", "praatio>=6.2", "pympi-ling>=1.71"]
# The curves of trainings as runs of Weights & Biases
wandb = ["wandb>=0.19.10"]
# The recipes stand once in a checkout, outside of the packages
recipes = [*here.glob("train_*.py"), *here.glob("hparams/*.yaml")]
recipes = sorted(str(path.relative_to(here)) for path in recipes)


class BuildWithRecipes(build_py):
    """Copies the recipes into what is installed, for `emoclust recipe`."""

    def _recipes(self):
        if self.editable_mode:  # finds the checkout's own
            return {}
        folder = pathlib.Path(self.build_lib, "emoclust_lobes", "recipes_data")
        return {str(folder / path): path for path in recipes}

    def run(self):
        super().run()
        for target, source in self._recipes().items():
            self.mkpath(str(pathlib.Path(target).parent))
            self.copy_file(source, target)

    def get_source_files(self):
        return [*super().get_source_files(), *recipes]  # of an sdist

    def get_outputs(self, include_bytecode=True):
        return [*super().get_outputs(include_bytecode), *self._recipes()]


setuptools.setup(
    name="emoclust",
    version="0.1.0",
    description=(
        "SpeechBrain recipes for speech emotion recognition from the "
        "emotional clusters inside each speaker"
    ),
    long_description=(here / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.10",
    packages=setuptools.find_packages(
        include=["data_prep*", "emoclust_lobes*"]
    ),
    package_data={
        "emoclust_lobes.analysis": ["templates/*"],
        "emoclust_lobes.evaluate": ["templates/*"],
        "emoclust_lobes.inference": ["templates/*", "starter/*"],
        "emoclust_lobes.serve": ["templates/*"],
    },
    # Tried together: torch 2.14.1, torchaudio 2.11.0, speechbrain 1.1.2,
    # hyperpyyaml 1.2.3, scikit-learn 1.9.1, pandas 3.1.1 on Python 3.11.
    install_requires=[
        # torch 2.15 is built for CUDA 13.2 and torchaudio 2.11, the newest
        # there is, for 13.0: together they refuse to be imported.
        "torch>=2.11,<2.15",
        "torchaudio>=2.11",
        "speechbrain>=1.1.2",
        "hyperpyyaml>=1.2.3",
        "numpy>=1.26",
        "scipy>=1.12",
        "scikit-learn>=1.5",
        "pandas>=2.2",
        "pyarrow>=23.0.1",
        # Of older ones, a forked child keeps the lock of a dead parent
        "filelock>=3.30",
        "joblib>=1.3",
        "lazy_loader>=0.4",
        "threadpoolctl>=3.5",
        "matplotlib>=3.10",
        "jinja2>=3.1.6",
        "tqdm>=4.66.3",
        "soundfile>=0.13",
        "tensorboard>=2.16.2",
    ],
    extras_require={
        "analysis": ["openTSNE>=1.0.2"],
        "transformers": transformers,
        "egemaps": egemaps,
        "serve": serve,
        "onnx": onnx,
        "calls": calls,
        "wandb": wandb,
        "docs": docs,
        "test": [
            *transformers,
            *egemaps,
            *serve,
            *onnx,
            *calls,
            *wandb,
            # The notebook in examples
            "nbformat>=5.10",
            "nbclient>=0.10",
            "ipykernel>=6.29",
            "pyannote.metrics>=4",  # checks the errors of diarization
            "playwright>=1.50",  # drives the Chromium that there is
            "markdown-it-py>=3",  # reads the documentation
            "setuptools>=70.1",  # builds a wheel
            "pytest>=8",
            "pytest-timeout>=2.3",
            "pytest-xdist>=3.8",
            "hypothesis>=6.116",
            "pytorch-metric-learning>=2.6",
            "ruff==0.12.4",
            "mypy>=2.4.1",
            "yamllint==1.35.1",
            "codespell[toml]>=2.3",
        ],
    },
    cmdclass={"build_py": BuildWithRecipes},
    entry_points={"console_scripts": ["emoclust=emoclust_lobes.cli:main"]},
)

"""Which runs a protocol consists of, and how each is started.

``systems.yaml`` beside the experiment's YAML has their systems by name: ``stage1``
and ``stage2``, overrides for either script, or ``baseline``, and ``decode_clusters``.
"""

import pathlib
import re
from typing import NamedTuple

import ruamel.yaml
from data_prep.errors import EmoclustError
from emoclust_lobes.protocol.schema import DECIMALS
from emoclust_lobes.protocol.systems import LABELS, TRAINING_SPEAKERS

# From whose vectors a speaker's mean is taken, to tell what moves inside
CENTERED = ("campplus",)


class ProtocolError(EmoclustError):
    """A protocol cannot be run; says why and what to do."""


class System(NamedTuple):
    """How a system is trained: overrides of the YAML for the two scripts.

    ``baseline`` holds the arguments of a baseline, and is empty where it is none.
    """

    name: str
    stage1: dict
    stage2: dict
    baseline: dict
    decode_clusters: bool = False

    @property
    def stage1_name(self):
        """Name of stage 1's folder: the same for the same overrides."""
        changes = dict(self.stage1)
        first = changes.pop("pretraining", "none")
        name = "-".join([first, *(f"{k}_{v}" for k, v in changes.items())])
        # An override is split at "=", a path at "/"
        return re.sub(r"[^\w.+-]+", "_", name)

    @property
    def group(self):
        """What the runs of a job share: a stage 1, or that they have none."""
        return "baselines" if self.baseline else self.stage1_name

    @property
    def needs_clusters(self):
        """Whether one of its stages reads the clusters."""
        if self.baseline:
            return False
        contrasts = self.stage2.get("ser_contrastive_weight", 0) > 0
        propagates = self.stage2.get("ser_propagate_labels", False)
        return contrasts or propagates or self.stage1_name != "none"

    @property
    def uses(self):
        """What it knows beside labels, before it is told of test speakers."""
        pretrained = self.stage1.get("pretraining", "none") != "none"
        return TRAINING_SPEAKERS if pretrained or self.hears else LABELS

    @property
    def hears(self):
        """Whether it is a baseline with unlabeled speech in its training."""
        return self.baseline.get("unlabeled", "none") != "none"

    def runs_with(self, adapt):
        """Whether it is run in a way to adapt to another corpus.

        Vectors that are standardized by a corpus need speech of it.
        """
        if adapt == "none":
            return self.baseline.get("unlabeled") != "standardized"
        return self.needs_clusters or self.hears

    @property
    def encoders(self):
        """Whose vectors are read beside those of clusters of stage 1."""
        own = set(self.baseline.get("encoders", ()))
        if self.decode_clusters:
            own.update(CENTERED)
        if not self.hears or self.baseline["unlabeled"] == "standardized":
            return own
        return own.union(self.baseline.get("centered", CENTERED))

    def seeds_matter(self, share):
        """Say whether runs with other seeds can end otherwise.

        A baseline draws but a share of the labels and what a speaker enrols.
        """
        if not self.baseline or share < 1:
            return True
        return self.baseline.get("speaker_normalized", False)


class Job(NamedTuple):
    """Runs that one process does in turn: they share a stage 1.

    ``runs`` are pairs of a ``System`` and a share of the labels.
    """

    fold: int
    seed: int
    runs: tuple

    @property
    def name(self):
        """What its runs share."""
        return self.runs[0][0].group

    @property
    def title(self):
        """Which job of all it is."""
        return f"fold {self.fold}, seed {self.seed}, {self.name}"


def read_systems(path, names=None):
    """Read the systems of ``systems.yaml``, or those with some names.

    A ProtocolError says what is wrong with the file, or that it has no such
    system.
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise ProtocolError(f"there is no {path}, where the systems stand")
    known = ruamel.yaml.YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    systems = []
    for name in known if names is None else names:
        if name not in known:
            raise ProtocolError(
                f"{path} has no system {name!r}: choose of {', '.join(known)}"
            )
        parts = known[name] or {}
        unknown = set(parts) - set(System._fields[1:])
        if unknown:
            raise ProtocolError(
                f"{path}: the system {name} has {', '.join(sorted(unknown))}; "
                f"a system has stage1, stage2, baseline or decode_clusters"
            )
        system = System(
            name=name,
            stage1=parts.get("stage1") or {},
            stage2=parts.get("stage2") or {},
            baseline=parts.get("baseline") or {},
            decode_clusters=parts.get("decode_clusters", False),
        )
        if system.stage1 and "pretraining" not in system.stage1:
            raise ProtocolError(
                f"{path}: the stage1 of {name} does not say which pretraining"
            )
        systems.append(system)
    return systems


def plan_jobs(systems, folds, seeds, labels, finished):
    """List the jobs of a protocol, without the runs that are finished.

    ``finished`` holds system, share of the labels, fold and seed of these. All systems
    of a fold and seed come before the next, so that an interrupted protocol has
    compared what it has run.
    """
    # As results have them
    labels = dict.fromkeys(round(share, DECIMALS) for share in labels)
    jobs = []
    for seed in seeds:
        for fold in folds:
            groups: dict[str, list] = {}
            for system in systems:
                groups.setdefault(system.group, []).extend(
                    (system, share)
                    for share in labels
                    if (seed == seeds[0] or system.seeds_matter(share))
                    and (system.name, share, fold, seed) not in finished
                )
            jobs += [
                Job(fold, seed, tuple(runs)) for runs in groups.values() if runs
            ]
    return jobs

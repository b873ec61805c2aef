"""Which runs a protocol consists of, and how each is started.

The systems stand in ``systems.yaml`` beside the experiment's YAML: name ->
``stage1`` and ``stage2``, overrides of the YAML for either script, or
``reference``, the arguments of ``emoclust_lobes.protocol.baselines.run_reference``.
"""

import pathlib
import re
from typing import NamedTuple

import ruamel.yaml
from data_prep.errors import EmoclustError


class ProtocolError(EmoclustError):
    """A protocol cannot be run; says why and what to do."""


class System(NamedTuple):
    """How a system is trained.

    Arguments
    ---------
    name : str
        As in the results.
    stage1, stage2 : dict
        Overrides of the YAML for the two scripts.
    reference : dict
        Arguments of a reference system; empty for one that is trained.

    Example
    -------
    >>> System("kept", {}, {"ser_contrastive_weight": 0.3}, {}).needs_clusters
    True
    """

    name: str
    stage1: dict
    stage2: dict
    reference: dict

    @property
    def stage1_name(self):
        """Name of stage 1's folder: the same for the same overrides.

        Example
        -------
        >>> changes = {"pretraining": "contrastive", "cluster_noise": 0.5}
        >>> System("noisy", changes, {}, {}).stage1_name
        'contrastive-cluster_noise_0.5'
        """
        changes = dict(self.stage1)
        first = changes.pop("pretraining", "none")
        name = "-".join([first, *(f"{k}_{v}" for k, v in changes.items())])
        # An override is split at "=", a path at "/"
        return re.sub(r"[^\w.+-]+", "_", name)

    @property
    def needs_clusters(self):
        """Whether one of its stages reads the clusters."""
        if self.reference:
            return False
        contrasts = self.stage2.get("ser_contrastive_weight", 0) > 0
        spreads = self.stage2.get("ser_propagate_labels", False)
        return contrasts or spreads or self.stage1_name != "none"

    def seeds_matter(self, share):
        """Say whether runs with other seeds can end otherwise.

        A reference draws nothing but a share of the labels and the utterances
        that a speaker enrols.

        Example
        -------
        >>> reference = System("ge2e", {}, {}, {"encoders": ["ge2e"]})
        >>> reference.seeds_matter(1.0), reference.seeds_matter(0.1)
        (False, True)
        """
        if not self.reference or share < 1:
            return True
        return self.reference.get("speaker_normalized", False)


class Job(NamedTuple):
    """Runs that one process does in turn: they share a stage 1.

    Arguments
    ---------
    fold, seed : int
        Which run of all.
    cells : tuple of (System, float)
        Systems and shares of the labels.

    Example
    -------
    >>> none = System("none", {"pretraining": "none"}, {}, {})
    >>> Job(fold=1, seed=7, cells=((none, 1.0), (none, 0.1))).title
    'fold 1, seed 7, none'
    """

    fold: int
    seed: int
    cells: tuple

    @property
    def name(self):
        """What its cells share."""
        first = self.cells[0][0]
        return "references" if first.reference else first.stage1_name

    @property
    def title(self):
        """Which job of all it is."""
        return f"fold {self.fold}, seed {self.seed}, {self.name}"


def read_systems(path, names):
    """Read the systems that a protocol compares.

    Arguments
    ---------
    path : str or pathlib.Path
        ``systems.yaml``.
    names : list of str
        Which, in the order of the results.

    Returns
    -------
    list of System

    Raises
    ------
    ProtocolError
        When the file is not there, has no such system, or says something else
        of it.

    Example
    -------
    >>> path = getfixture("tmp_path") / "systems.yaml"
    >>> _ = path.write_text("none: {stage1: {pretraining: none}}")
    >>> read_systems(path, ["none"])[0].stage1
    {'pretraining': 'none'}
    >>> read_systems(path, ["all"])
    Traceback (most recent call last):
    ...
    emoclust_lobes.protocol.plan.ProtocolError: ... has no system 'all': \
choose of none
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise ProtocolError(f"there is no {path}, where the systems stand")
    known = ruamel.yaml.YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    systems = []
    for name in names:
        if name not in known:
            raise ProtocolError(
                f"{path} has no system {name!r}: choose of {', '.join(known)}"
            )
        parts = known[name] or {}
        unknown = set(parts) - {"stage1", "stage2", "reference"}
        if unknown:
            raise ProtocolError(
                f"{path}: the system {name} has {', '.join(sorted(unknown))}; "
                "a system has stage1, stage2 or reference"
            )
        system = System(
            name,
            *(parts.get(x) or {} for x in ("stage1", "stage2", "reference")),
        )
        if system.stage1 and "pretraining" not in system.stage1:
            raise ProtocolError(
                f"{path}: the stage1 of {name} does not say which pretraining"
            )
        systems.append(system)
    return systems


def plan_jobs(systems, folds, seeds, labels, finished):
    """List the jobs of a protocol, without the cells that are finished.

    Where seeds do not matter there is the first one only.

    Arguments
    ---------
    systems : list of System
        What is compared.
    folds, seeds : list of int
        Which runs.
    labels : list of float
        Shares of the training labels.
    finished : set of (str, float, int, int)
        System, share, fold and seed of the cells that have results.

    Returns
    -------
    list of Job
        All systems of a fold and seed before the next, so that an interrupted
        protocol has compared what it has run.

    Example
    -------
    >>> systems = [
    ...     System("contrastive", {"pretraining": "contrastive"}, {}, {}),
    ...     System(
    ...         "joint",
    ...         {"pretraining": "contrastive"},
    ...         {"ser_contrastive_weight": 0.3},
    ...         {},
    ...     ),
    ... ]
    >>> jobs = plan_jobs(systems, [1], [1, 2], [1.0], {("joint", 1.0, 1, 2)})
    >>> [(j.seed, [s.name for s, _ in j.cells]) for j in jobs]
    [(1, ['contrastive', 'joint']), (2, ['contrastive'])]
    """
    jobs = []
    for seed in seeds:
        for fold in folds:
            groups: dict[str, list] = {}
            for system in systems:
                group = "references" if system.reference else system.stage1_name
                groups.setdefault(group, []).extend(
                    (system, share)
                    for share in labels
                    if (seed == seeds[0] or system.seeds_matter(share))
                    and (system.name, share, fold, seed) not in finished
                )
            jobs += [
                Job(fold, seed, tuple(cells))
                for cells in groups.values()
                if cells
            ]
    return jobs

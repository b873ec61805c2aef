"""From embeddings to a folder with a report."""

import hashlib
import importlib.metadata
import pathlib

from data_prep.errors import EmoclustError
from data_prep.manifests.manifest import read_manifests
from data_prep.storage.files import fingerprint, read_json, write_json
from emoclust_lobes.analysis.gallery import draw_gallery, example_speakers
from emoclust_lobes.analysis.maps import has_tsne
from emoclust_lobes.analysis.page import summarize, write_page
from emoclust_lobes.analysis.study import run_study, write_numbers
from emoclust_lobes.analysis.utterances import describe_utterances
from emoclust_lobes.clustering.centering import scale_columns

# Part of every fingerprint: raise it when a report comes out differently.
FORMAT = 2


class AnalysisError(EmoclustError):
    """The analysis cannot be made as asked for; says what to do."""


def analyze(
    sources,
    caches,
    out,
    *,
    title,
    algorithms,
    ks,
    default_k,
    n_seeds=3,
    n_init=10,
    n_permutations=200,
    seed=1986,
    n_jobs=1,
    n_maps=24,
    listen=None,
    with_audio=False,
    seen=frozenset(),
):
    """Analyze embeddings and write the report; nothing when it is current.

    ``caches`` is name -> ``Embeddings``; ``out`` gets ``report.html``,
    ``figures``, ``numbers`` and, written last, ``summary.json``. The first of
    ``algorithms`` and ``default_k`` of ``ks`` are for maps and examples;
    ``n_seeds`` clusterings of each kind, from ``seed`` on, tell the stability;
    ``listen`` is the speaker shown first (None: of median agreement), ``seen``
    are those whom the encoder was trained on. Returns the verdict, the missing
    comparisons, and where the report is.
    """
    out = pathlib.Path(out)
    utterances = describe_utterances(sources, out / "loudness.csv", n_jobs)
    if utterances.empty:
        raise AnalysisError("there is no utterance to analyze")
    speakers = set(utterances["spk_id"])
    if listen is not None and listen not in speakers:
        raise AnalysisError(
            f"there is no speaker {listen!r} to listen to, but "
            f"{', '.join(sorted(speakers)[:5])} ..."
        )
    numbered = read_manifests(sources, numbered=True).set_index("ID")
    placed = utterances.assign(
        manifest=numbered["manifest"][utterances["ID"]].to_numpy()
    )
    vectors = {
        name: scale_columns(
            cache.select(utterances["ID"]),
            placed,
            sources,
            cache.identity["name"],
        )
        for name, cache in caches.items()
    }
    options = {
        "title": title,
        "algorithms": algorithms,
        "ks": ks,
        "default_k": default_k,
        "n_seeds": n_seeds,
        "n_init": n_init,
        "n_permutations": n_permutations,
        "seed": seed,
        "seen": sorted(seen),
    }
    arguments = {
        **options,
        "encoders": {x: y.identity for x, y in caches.items()},
        "n_maps": n_maps,
        "listen": listen,
        "with_audio": with_audio,
        "t-SNE": has_tsne(),
    }
    inputs = fingerprint(
        {
            "format": FORMAT,
            "arguments": arguments,
            "utterances": utterances.astype(str).values.tolist(),
            "vectors": {
                x: hashlib.sha256(y.tobytes()).hexdigest()
                for x, y in vectors.items()
            },
        }
    )
    page = out / "report.html"
    done = read_json(out / "summary.json")
    if done and done.get("fingerprint") == inputs and page.exists():
        return _describe(done, page)
    (out / "summary.json").unlink(missing_ok=True)
    study = run_study(
        utterances=utterances, vectors=vectors, n_jobs=n_jobs, **options
    )
    files = write_numbers(study, out / "numbers")
    pictures = draw_gallery(study, out / "figures", n_maps, n_jobs)
    median = example_speakers(study, study.encoders[0])
    first = listen or median[len(median) // 2]
    write_page(study, pictures, _facts(arguments), page, first, with_audio)
    summary = {
        "fingerprint": inputs,
        "verdict": study.verdict(),
        "missing": study.missing,
        "summary": summarize(study),
        "matching": {
            x: {"diagonal": accuracy, "chance": chance}
            for x, (_, accuracy, chance) in study.confusions.items()
        },
        "utterances": len(utterances),
        "speakers": len(speakers),
        "numbers": [f"numbers/{name}" for name in files],
        "figures": [f"figures/{x.name}.svg" for x in pictures],
        "arguments": arguments,
    }
    write_json(out / "summary.json", summary)
    return _describe(summary, page)


def _describe(summary, page):
    """Tell what an analysis found, in a few lines."""
    lines = [summary["verdict"], ""]
    lines += [
        f"not compared with {target}: {reason}"
        for target, reason in summary["missing"].items()
    ]
    return "\n".join([*lines, f"report: {page}"])


def _facts(arguments):
    """How the report was made, for the reader."""
    facts = {
        f"embedding {name}": ", ".join(f"{x} {y}" for x, y in identity.items())
        for name, identity in arguments["encoders"].items()
    }
    facts["clusters per speaker, k"] = ", ".join(map(str, arguments["ks"]))
    facts["algorithms"] = ", ".join(arguments["algorithms"])
    facts["seed"] = arguments["seed"]
    facts["seeds"] = arguments["n_seeds"]
    facts["restarts"] = arguments["n_init"]
    facts["permutations"] = arguments["n_permutations"]
    packages = ["scikit-learn", "numpy"]
    packages += ["openTSNE"] if arguments["t-SNE"] else []
    facts["computed with"] = ", ".join(
        f"{x} {importlib.metadata.version(x)}" for x in packages
    )
    return facts

"""CREMA-D, RAVDESS and IEMOCAP that are not whole, or not what they seem."""

import functools

from case import RARE, Case, nothing, remove, sound, text

CREMAD = functools.partial(Case, base="cremad")
RAVDESS = functools.partial(Case, base="ravdess")
IEMOCAP = functools.partial(Case, base="iemocap")
COMPLETE = {"expect_complete": True}
LABELS = "Session2/dialog/EmoEvaluation/Ses02F_impro01.txt"


def pointers(folder):
    for path in folder.glob("AudioWAV/*.wav"):
        path.write_text("version https://git-lfs.github.com/spec/v1\n")


def write(name, content):
    return lambda folder: text(folder / name, content)


def change(name, old, new):
    def damage(folder):
        content = (folder / name).read_text()
        assert old in content
        text(folder / name, content.replace(old, new))

    return damage


CASES = [
    CREMAD("CREMA-D", nothing),
    CREMAD(
        "CREMA-D, a folder too deep",
        nothing,
        "data_folder={folder}/AudioWAV is not the folder of CREMA-D "
        "that holds AudioWAV or AudioMP3; it holds "
        "1001_DFA_ANG_XX.wav, 1001_DFA_DIS_XX.wav, "
        "1001_DFA_FEA_XX.wav, 1001_DFA_HAP_XX.wav, "
        "1001_DFA_NEU_XX.wav and 13 more. Did you mean {folder}?",
        options={"data_folder": "{folder}/AudioWAV"},
    ),
    CREMAD(
        "CREMA-D without Git LFS",
        pointers,
        (
            "18 audio files in {folder} cannot be used:\n"
            + "".join(
                f"  AudioWAV/{actor}_DFA_{emotion}_XX.wav: Git LFS pointer, not "
                "the audio itself\n"
                for actor in (1001, 1019, 1037)
                for emotion in ("ANG", "DIS", "FEA", "HAP", "NEU", "SAD")
            )
            + "Git LFS pointers stand where the audio should be: install "
            "Git LFS and run `git lfs pull` in that folder."
        ),
    ),
    CREMAD(
        "CREMA-D without votes",
        remove("processedResults"),
        "label_source='voice' needs the crowd's votes, and "
        "{folder}/processedResults/summaryTable.csv is not there: "
        "copy it from the CREMA-D checkout.",
        options={"label_source": "voice"},
    ),
    CREMAD(
        "CREMA-D, votes without a column",
        nothing,
        "{folder}/processedResults/summaryTable.csv is not CREMA-D's "
        "table: it lacks FileName or FaceVote among its columns "
        "(FileName, VoiceVote).",
        options={"label_source": "face"},
    ),
    CREMAD(
        "CREMA-D, demographics cut short",
        write("VideoDemographics.csv", "ActorID,Age,Sex\n1001,30\n"),
    ),
    RAVDESS("RAVDESS", nothing),
    RAVDESS(
        "RAVDESS, an emotion is missing",
        lambda folder: [
            path.unlink() for path in folder.glob("Actor_02/03-01-05*")
        ],
        f"valid.csv has no utterance of ang.\n{RARE}",
    ),
    RAVDESS(
        "RAVDESS, a clip in two folders",
        lambda folder: sound(
            folder / "Actor_01/again/03-01-05-01-01-01-01.wav"
        ),
    ),
    IEMOCAP("IEMOCAP", nothing),
    IEMOCAP(
        "IEMOCAP, labels are missing",
        remove(LABELS),
        "IEMOCAP in {folder} has 1 labels that cannot be read: "
        "Session2/dialog/EmoEvaluation/Ses02F_impro01.txt: No such "
        "file. Copy those files again.",
        options=COMPLETE,
    ),
    IEMOCAP(
        "IEMOCAP, labels of the test are missing",
        remove(LABELS.replace("2", "1")),
        f"test.csv has no utterance of ang, hap, neu, sad.\n{RARE}",
    ),
    IEMOCAP(
        "IEMOCAP, a label that is none",
        change(LABELS, "_F000\tang", "_F000"),
        "IEMOCAP in {folder} has 1 labels that cannot be read: "
        "Session2/dialog/EmoEvaluation/Ses02F_impro01.txt, line 3: "
        "'[0.0 - 1.0]\\tSes02F_impro01_F000\\t[2, 2, 2]'. Copy those "
        "files again.",
    ),
    IEMOCAP(
        "IEMOCAP, a label of no class",
        change(LABELS, "\tang\t", "\txxx\t"),
        f"valid.csv has no utterance of ang.\n{RARE}",
    ),
    IEMOCAP(
        "IEMOCAP, a turn is missing",
        remove("Session2/sentences/wav/Ses02F_impro01/Ses02F_impro01_M001.wav"),
    ),
]

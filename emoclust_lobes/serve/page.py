"""The page, put together with Gradio."""

import pathlib

from emoclust_lobes.serve.html import WELCOME

TEMPLATES = pathlib.Path(__file__).with_name("templates")
TITLE = "Emotions in speech"
HEADER = """\
<div class="emo-header"><h1>Emotions in speech</h1>
<p>Drop a recording of {people} speaking, or record yourself: the model says
which emotion it hears.</p></div>
"""
HERE = (
    "Your audio stays on this machine: it is sent nowhere, and deleted as soon "
    "as the result is there."
)
ELSEWHERE = (
    "Your audio goes to the computer that serves this page, nowhere else, and "
    "is deleted there as soon as the result is there."
)
LIMITS = "Clips of up to {length} and {megabytes:g} megabytes."

# The clip is deleted on the server; the browser keeps a copy of its own, to
# play beside the result, until the next clip or until the page is closed.
KEEP_CLIP = (TEMPLATES / "keep_clip.js").read_text("utf-8")
PLAY_CLIP = (TEMPLATES / "play_clip.js").read_text("utf-8")
CSS = (TEMPLATES / "page.css").read_text("utf-8")


def make_page(
    show, facts, *, is_local, max_seconds, max_megabytes, several=False
):
    """Make the page, a ``gradio.Blocks``.

    ``show`` takes the path of an uploaded clip, returns HTML and deletes the clip;
    ``facts`` is HTML about the model. ``several`` people may speak in a clip.
    """
    import gradio

    length = f"{max_seconds:g} seconds"
    if max_seconds >= 120:
        length = f"{max_seconds / 60:.0f} minutes"
    limits = LIMITS.format(length=length, megabytes=max_megabytes)
    promise = HERE if is_local else ELSEWHERE
    with gradio.Blocks(
        title=TITLE,
        fill_width=True,  # up to what the style sheet allows
        analytics_enabled=False,
        # An upload that is never asked about goes after ten minutes
        delete_cache=(60, 600),
    ) as page:
        people = "people" if several else "one person"
        gradio.HTML(HEADER.format(people=people), padding=False)
        with gradio.Row():
            with gradio.Column(scale=2, min_width=300):
                # Not one Audio for both: it refuses files of kinds that it does
                # not know, some of which are known here.
                dropped = gradio.File(label="Clip", height=170, elem_id="clip")
                recorded = gradio.Audio(
                    sources=["microphone"],
                    label="Or record one",
                    editable=False,
                    buttons=[],
                    elem_id="recorder",
                )
                note = f'<p class="emo-note">{promise} {limits}</p>'
                gradio.HTML(note, padding=False)
            with gradio.Column(scale=3, min_width=320):
                result = gradio.HTML(WELCOME, padding=False, elem_id="result")
        gradio.HTML(facts, padding=False)
        for clip, arrived in (
            (dropped, dropped.upload),
            (recorded, recorded.stop_recording),
        ):
            arrived(
                lambda upload: (show(upload and upload["path"]), None),
                inputs=clip,
                outputs=[result, clip],
                js=KEEP_CLIP,
                preprocess=False,  # nothing is decoded before it was looked at
                api_visibility="private",
                concurrency_id="model",
                concurrency_limit=1,
                show_progress="minimal",
                show_progress_on=result,
            ).then(None, js=PLAY_CLIP)
    return page

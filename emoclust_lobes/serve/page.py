"""The page, put together with Gradio."""

from emoclust_lobes.serve.html import WELCOME

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
KEEP_CLIP = """\
async (clip) => {
  URL.revokeObjectURL(window.emoclustClip);
  window.emoclustClip = null;
  if (clip) {
    const answer = await fetch(clip.url);
    if (answer.ok)
      window.emoclustClip = URL.createObjectURL(await answer.blob());
  }
  return [clip];
}
"""
PLAY_CLIP = """\
() => {
  const place = (tries) => {
    const player = document.querySelector(".emo-clip");
    if (player && window.emoclustClip) {
      player.src = window.emoclustClip;
      let end = Infinity;
      for (const turn of document.querySelectorAll(".emo-turn"))
        turn.onclick = () => {
          player.currentTime = turn.dataset.start;
          end = Number(turn.dataset.end);
          player.play();
        };
      player.ontimeupdate = () => {
        if (player.currentTime >= end) { player.pause(); end = Infinity; }
      };
    }
    else if (player) player.remove();
    else if (tries) setTimeout(place, 50, tries - 1);
  };
  place(20);
}
"""
CSS = """\
.gradio-container { max-width: 1000px !important;
  --body-text-color-subdued: color-mix(in srgb, var(--body-text-color) 70%,
    transparent); }
.gradio-container .html-container { padding: 0; }
.emo-header h1 { font-size: 1.7rem; margin: .6rem 0 .2rem; }
.emo-header p, .emo-facts p { color: var(--body-text-color-subdued); }
.emo-facts { font-size: .9rem; line-height: 1.5; }
.emo-facts h3 { margin: .4rem 0 .2rem; }
.emo-facts p { margin: .35rem 0; }
.emo-note { font-size: .85rem; line-height: 1.45; margin: 0;
  color: var(--body-text-color-subdued); }
.emo-empty { min-height: 220px; display: grid; place-items: center;
  border: 1px dashed var(--border-color-primary); border-radius: 12px;
  padding: 1rem; color: var(--body-text-color-subdued); }
.emo-problem { border-left: 4px solid #D55E00; border-radius: 8px;
  background: var(--background-fill-secondary); padding: .9rem 1rem; }
.emo-small { font-size: .85rem; color: var(--body-text-color-subdued); }
.emo-word { font-size: 2.3rem; font-weight: 700; line-height: 1.2; }
.emo-dot { display: inline-block; width: .62em; height: .62em;
  border-radius: 50%; margin-right: .35em; box-shadow: 0 0 0 2px #F1F1F3; }
.emo-clip { width: 100%; height: 40px; margin: .7rem 0 .3rem; }
.emo-result table.emo-bars { width: 100%; border-collapse: collapse;
  border: none; }
.emo-bars tr, .emo-bars th, .emo-bars td { border: none !important;
  padding: .2rem 0 !important; background: none !important; }
.emo-bars th { font-weight: 400; text-align: left; width: 6.5rem; }
.emo-track { height: 14px; border-radius: 7px; overflow: hidden;
  background: #F1F1F3; }
.emo-bar { height: 100%; }
.emo-number { width: 5rem; text-align: right; white-space: nowrap;
  font-variant-numeric: tabular-nums; }
.emo-lanes { margin-top: .9rem; }
.emo-lane { display: flex; align-items: center; margin-top: .3rem; }
.emo-who, .emo-ends { flex: 0 0 3.5rem; overflow: hidden; }
.emo-ends { display: flex; justify-content: space-between;
  padding-left: 3.5rem; }
.emo-turns { position: relative; flex: 1; height: 28px; border-radius: 6px;
  background: var(--background-fill-secondary); }
.emo-turn { position: absolute; top: 2px; bottom: 2px; min-width: 3px;
  border: none; border-radius: 4px; cursor: pointer; padding: 0; }
.emo-turn:hover, .emo-turn:focus-visible { outline: 2px solid currentColor; }
.emo-key { display: flex; flex-wrap: wrap; gap: .2rem 1rem;
  font-size: .85rem; margin-top: .3rem; }
.emo-time { margin-top: .9rem; }
.emo-time img { width: 100%; margin-top: .3rem; background: white;
  border-radius: 8px; }
"""


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

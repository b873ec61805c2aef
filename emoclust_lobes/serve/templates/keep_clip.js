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

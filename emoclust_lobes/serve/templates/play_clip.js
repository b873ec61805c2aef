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

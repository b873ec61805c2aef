"""The page of a report in a browser, used as a person would use it."""

import html
import json
import re
import subprocess

# What a person would do with the page, and what the page looks like then.
DRIVER = """
<script>
addEventListener("load", () => setTimeout(() => {
  const marks = () => document.querySelectorAll("#maps .mark").length;
  const choose = (id, value) => {
    const node = document.getElementById(id);
    node.value = value;
    node.dispatchEvent(new Event("change"));
  };
  const firsts = () => [...document.querySelectorAll("#all-rows tbody tr")]
    .filter((row) => !row.hidden).map((row) => row.cells[5].textContent);
  const found = {
    images: [...document.images].map((x) => [x.naturalWidth, x.naturalHeight,
      x.getBoundingClientRect().width, x.getBoundingClientRect().height]),
    requests: performance.getEntriesByType("resource").map((x) => x.name),
    marks: marks(), panels: document.querySelectorAll("#maps svg[role]").length,
    overflow: document.documentElement.scrollWidth - innerWidth,
    examples: document.querySelectorAll("#examples tbody tr").length,
  };
  const speakers = document.getElementById("choose-speaker").options;
  const encoders = document.getElementById("choose-encoder").options;
  const methods = document.getElementById("choose-method").options;
  choose("choose-speaker", speakers[speakers.length - 1].value);
  choose("choose-encoder", encoders[encoders.length - 1].value);
  choose("choose-method", methods[methods.length - 1].value);
  found.last = document.querySelector("#maps .mark title").textContent;
  found.lastMarks = marks();
  document.querySelectorAll("#all-rows thead th")[5].click();
  found.ascending = firsts();
  document.querySelectorAll("#all-rows thead th")[5].click();
  found.descending = firsts();
  const filter = document.getElementById("filter");
  filter.value = "silhouette";
  filter.dispatchEvent(new Event("input"));
  found.filtered = firsts().length;
  document.querySelector("#examples button").click();
  found.playing = document.querySelector("#now-playing span").textContent;
  found.source = document.getElementById("player").src;
  const pre = document.createElement("pre");
  pre.id = "found";
  pre.textContent = JSON.stringify(found);
  document.body.append(pre);
}, 300));
</script>
"""


def visit(chromium, page, folder):
    """Open a page in a browser, use it; return what was found and logged."""
    driven = page.with_name("driven.html")
    text = page.read_text(encoding="utf-8")
    driven.write_text(text.replace("</body>", DRIVER + "</body>"), "utf-8")
    command = [
        chromium,
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        f"--user-data-dir={folder / 'profile'}",
        "--enable-logging=stderr",
        "--v=0",
        "--hide-scrollbars",
        "--window-size=1180,6000",
        "--virtual-time-budget=4000",
        "--dump-dom",
        driven.as_uri(),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    driven.unlink()
    found = re.search(r'<pre id="found">(.*?)</pre>', done.stdout, re.S)
    assert found, done.stderr
    logged = [x for x in done.stderr.splitlines() if "CONSOLE" in x]
    return json.loads(html.unescape(found[1])), logged

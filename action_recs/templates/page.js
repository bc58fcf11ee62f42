
"use strict";
{
  const highlight = globalThis.Highlight && globalThis.CSS?.highlights ? new Highlight() : null;
  if (highlight) CSS.highlights.set("found", highlight);
  const MOST_HIGHLIGHTS = 2000;

  // The place of a character in a text that marks divide into several nodes.
  function place(text, offset) {
    const nodes = document.createTreeWalker(text, NodeFilter.SHOW_TEXT);
    let node = nodes.nextNode();
    while (offset > node.length) {
      offset -= node.length;
      node = nodes.nextNode();
    }
    return [node, offset];
  }

  function highlightMatches(text, pattern) {
    for (const match of text.textContent.matchAll(pattern)) {
      if (highlight.size >= MOST_HIGHLIGHTS) return;
      const range = new Range();
      range.setStart(...place(text, match.index));
      range.setEnd(...place(text, match.index + match[0].length));
      highlight.add(range);
    }
  }

  function setUpSession(session) {
    const form = session.querySelector("form");
    if (!form) return;
    const turns = [...session.querySelectorAll(".turn")];
    const bands = session.querySelectorAll(".band");
    const strip = session.querySelector(".bar .strip");
    const bar = session.querySelector(".bar");
    const total = Number(session.dataset.total);
    let shown = turns;

    function update() {
      const kind = form.querySelector(":checked").value;
      const query = form.querySelector("[type=search]").value.trim();
      const pattern = query && new RegExp(query.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&").replace(/\s+/g, "\\s+"), "giu");
      highlight?.clear();
      shown = turns.filter((turn) => {
        const text = turn.querySelector(".text");
        const passes = kind === "all" || turn.classList.contains(kind);
        const matches = passes && (!pattern || text.textContent.search(pattern) >= 0);
        turn.hidden = !matches;
        if (matches && pattern && highlight) highlightMatches(text, pattern);
        return matches;
      });
      for (const band of bands) band.hidden = !band.querySelector(".turn:not([hidden])");
      const all = shown.length === turns.length;
      form.querySelector("output").value = all ? "" : `${shown.length} of ${turns.length} utterances`;
      drawSeen();
    }

    // The part of the strip that is on the screen.
    const seen = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    seen.setAttribute("class", "seen");
    seen.setAttribute("height", "20");
    strip.append(seen);
    const number = (turn) => Number(turn.id.slice(turn.id.lastIndexOf("u") + 1));
    function firstBelow(line) {
      let [low, high] = [0, shown.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (shown[middle].getBoundingClientRect().bottom > line) high = middle;
        else low = middle + 1;
      }
      return low;
    }
    function drawSeen() {
      if (!bar.offsetParent) return;
      session.style.setProperty("--bar", `${bar.offsetHeight + 8}px`);
      const first = shown[firstBelow(bar.getBoundingClientRect().bottom)];
      const last = shown[Math.min(firstBelow(innerHeight), shown.length - 1)];
      seen.setAttribute("x", first ? number(first) : 0);
      seen.setAttribute("width", first ? number(last) - number(first) + 1 : 0);
    }
    let waiting = false;
    const drawSoon = () => {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => {
        waiting = false;
        drawSeen();
      });
    };
    for (const event of ["scroll", "resize", "hashchange"]) addEventListener(event, drawSoon, { passive: true });

    strip.addEventListener("click", (event) => {
      if (event.target.closest("a")) return;
      const box = strip.getBoundingClientRect();
      const index = Math.floor(((event.clientX - box.left) / box.width) * total);
      goTo(turns[Math.min(Math.max(index, 0), turns.length - 1)]);
    });
    form.addEventListener("input", update);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.hidden = false;
    update();
  }

  // Also where a filter hides it, and in a notebook, where an address of this page means the notebook's.
  function goTo(target) {
    if (target.hidden) {
      const form = target.closest(".session").querySelector("form");
      form.reset();
      form.dispatchEvent(new Event("input"));
    }
    location.hash = target.id;
    target.scrollIntoView();
    if (target.matches(".turn")) target.tabIndex = -1;
    target.focus({ preventScroll: true });
  }
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.('a[href^="#"]');
    const target = link && document.getElementById(link.getAttribute("href").slice(1));
    if (!target || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    goTo(target);
  });

  document.querySelectorAll(".session").forEach(setUpSession);
}

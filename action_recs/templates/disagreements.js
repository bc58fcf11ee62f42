"use strict";
(() => {
  const cases = JSON.parse(document.getElementById("cases").textContent);
  const sections = [...document.querySelectorAll("section")];
  const decisions = cases.map(() => ({ choice: null, marks: [] }));
  const element = (id) => document.getElementById(id);
  let saved = true;

  // The library counts code points, the browser UTF-16 code units.
  const points = (text) => [...text].length;
  const units = (text, count) => [...text].slice(0, count).join("").length;

  const isDecided = (number) => {
    const { choice, marks } = decisions[number];
    return choice !== null && (choice !== "own" || marks.length > 0);
  };

  function tell(message) {
    element("message").textContent = message;
  }

  function show(number) {
    const section = sections[number];
    const { choice } = decisions[number];
    section.querySelectorAll("input[type=radio]").forEach((radio) => {
      radio.checked = radio.value === String(choice);
    });
    section.classList.toggle("decided", isDecided(number));
    section.querySelector(".own").hidden = choice !== "own";
    if (choice === "own") showOwn(number);
    showProgress();
  }

  function showProgress() {
    const done = cases.filter((_, number) => isDecided(number)).length;
    element("progress").textContent = `${done} of ${cases.length} decided`;
    const only = element("undecided").checked;
    sections.forEach((section, number) => {
      section.hidden = only && isDecided(number) && !section.contains(document.activeElement);
    });
  }

  function showOwn(number) {
    const section = sections[number];
    const { marks } = decisions[number];
    const list = section.querySelector(".marks");
    list.replaceChildren(...marks.map((mark, index) => {
      const item = document.createElement("li");
      item.textContent = cases[number].label === "review"
        ? `review of utterances ${mark.first} to ${mark.last}`
        : `${mark.form}: utterance ${mark.utterance}, characters ${mark.start} to ${mark.end}`;
      const remove = document.createElement("button");
      remove.type = "button";
      remove.textContent = "remove";
      remove.addEventListener("click", () => {
        marks.splice(index, 1);
        changed(number);
      });
      item.append(remove);
      return item;
    }));
    section.querySelectorAll(".line").forEach((line) => {
      const holder = line.querySelector(".text");
      const text = holder.textContent;
      const at = Number(line.dataset.index);
      const pieces = [];
      let position = 0;
      const here = cases[number].label === "review"
        ? marks.filter((mark) => mark.first <= at && at <= mark.last).map(() => ({ start: 0, end: text.length, kind: "review" }))
        : marks.filter((mark) => mark.utterance === at).sort((a, b) => a.start - b.start).map((mark) => (
          { start: units(text, mark.start), end: units(text, mark.end), kind: mark.form }));
      here.forEach(({ start, end, kind }) => {
        const marked = document.createElement("mark");
        marked.className = kind;
        marked.textContent = text.slice(start, end);
        pieces.push(text.slice(position, start), marked);
        position = end;
      });
      holder.replaceChildren(...pieces, text.slice(position));
    });
  }

  function changed(number) {
    saved = false;
    tell("");
    show(number);
  }

  function lineOf(node) {
    const inner = node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement;
    return inner && inner.closest(".line");
  }

  // Where a boundary of the selection lies in the text of a line, in code units.
  function within(holder, node, offset) {
    const range = document.createRange();
    range.selectNodeContents(holder);
    const side = range.comparePoint(node, offset);
    if (side < 0) return 0;
    if (side > 0) return holder.textContent.length;
    range.setEnd(node, offset);
    return range.toString().length;
  }

  function selection(number) {
    const chosen = window.getSelection();
    if (chosen.rangeCount === 0 || chosen.isCollapsed) return null;
    const range = chosen.getRangeAt(0);
    const lines = [...sections[number].querySelectorAll(".line")].filter((line) => {
      const holder = line.querySelector(".text");
      if (!range.intersectsNode(holder)) return false;
      const start = within(holder, range.startContainer, range.startOffset);
      const end = within(holder, range.endContainer, range.endOffset);
      return holder.textContent.slice(start, end).trim() !== "";
    });
    return lines.length ? { range, lines } : null;
  }

  function markSpan(number, form) {
    const found = selection(number);
    if (!found) return tell("Select words in the frame first.");
    if (found.lines.length > 1) return tell("A recommendation lies in one utterance: select words of one.");
    const [line] = found.lines;
    const holder = line.querySelector(".text");
    if (!("selectable" in holder.dataset)) return tell("Only the therapist's words are recommendations.");
    const text = holder.textContent;
    let start = within(holder, found.range.startContainer, found.range.startOffset);
    let end = within(holder, found.range.endContainer, found.range.endOffset);
    const words = text.slice(start, end);
    start += words.length - words.trimStart().length;
    end -= words.length - words.trimEnd().length;
    const mark = { utterance: Number(line.dataset.index), start: points(text.slice(0, start)), end: points(text.slice(0, end)), form };
    const { marks } = decisions[number];
    if (marks.some((each) => each.utterance === mark.utterance && each.start < mark.end && mark.start < each.end)) {
      return tell("Marks do not overlap: remove the other one first.");
    }
    marks.push(mark);
    marks.sort((a, b) => a.utterance - b.utterance || a.start - b.start);
    window.getSelection().removeAllRanges();
    return changed(number);
  }

  function addRun(number, first, last) {
    const { marks } = decisions[number];
    const count = cases[number].utterances;
    if (!(Number.isInteger(first) && Number.isInteger(last) && 0 <= first && first <= last && last < count)) {
      return tell(`A review goes from one utterance to the same or a later one, 0 to ${count - 1}.`);
    }
    if (marks.some((each) => each.first <= last && first <= each.last)) {
      return tell("Marks do not overlap: remove the other one first.");
    }
    marks.push({ first, last });
    marks.sort((a, b) => a.first - b.first);
    return changed(number);
  }

  function markRun(number) {
    const found = selection(number);
    if (found) {
      const touched = found.lines.map((line) => Number(line.dataset.index));
      window.getSelection().removeAllRanges();
      return addRun(number, Math.min(...touched), Math.max(...touched));
    }
    const [first, last] = ["first", "last"].map((end) => sections[number].querySelector(`[data-end=${end}]`).value);
    if (first === "" || last === "") return tell("Select utterances in the frame first, or give their numbers.");
    return addRun(number, Number(first), Number(last));
  }

  // What is saved: of each decided case where it is, what the annotators had marked, and what was chosen.
  function written(number) {
    const { session, label, first, last, versions } = cases[number];
    const { choice, marks } = decisions[number];
    const entry = { session, label, first, last, versions };
    if (choice === "own") return { ...entry, choice, marks };
    return ["union", "none"].includes(choice) ? { ...entry, choice } : { ...entry, choice: "annotator", annotator: versions[Number(choice)].annotator };
  }

  function save() {
    const done = cases.map((_, number) => number).filter(isDecided);
    const judge = element("judge").value.trim();
    const content = { version: "1.0", judge: judge || null, decisions: done.map(written) };
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([`${JSON.stringify(content, null, 1)}\n`], { type: "application/json" }));
    link.download = "decisions.json";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    saved = true;
    tell(`${done.length} decisions were saved to decisions.json.`);
  }

  const keyOf = ({ session, label, first, last, versions }) => JSON.stringify([session, label, first, last, versions]);

  async function load(file) {
    let content;
    try {
      content = JSON.parse(await file.text());
      if (!Array.isArray(content.decisions)) throw new Error("no decisions");
    } catch {
      tell("This is no file of decisions.");
      return;
    }
    const places = new Map(cases.map((each, number) => [keyOf(each), number]));
    let taken = 0;
    content.decisions.forEach((entry) => {
      const number = entry && entry.versions ? places.get(keyOf(entry)) : undefined;
      if (number === undefined) return;
      const name = cases[number].versions.findIndex((each) => each.annotator === entry.annotator);
      const choice = entry.choice === "annotator" ? (name < 0 ? null : String(name)) : entry.choice;
      decisions[number] = { choice, marks: Array.isArray(entry.marks) ? entry.marks : [] };
      taken += 1;
      show(number);
    });
    if (content.judge) element("judge").value = content.judge;
    const others = content.decisions.length - taken;
    tell(`${taken} decisions were loaded${others ? `; ${others} are of other disagreements, and were left out` : ""}.`);
  }

  sections.forEach((section, number) => {
    section.addEventListener("change", ({ target }) => {
      if (target.type !== "radio") return;
      decisions[number].choice = target.value;
      changed(number);
    });
    section.querySelectorAll("[data-mark]").forEach((button) => {
      // A click would take the selection away from the words.
      button.addEventListener("mousedown", (event) => event.preventDefault());
      button.addEventListener("click", () => {
        if (button.dataset.mark === "review") markRun(number);
        else markSpan(number, button.dataset.mark);
      });
    });
    show(number);
  });
  element("undecided").addEventListener("change", showProgress);
  element("save").addEventListener("click", save);
  element("load").addEventListener("change", ({ target }) => {
    if (target.files.length) load(target.files[0]);
    target.value = "";
  });
  window.addEventListener("beforeunload", (event) => {
    if (!saved) event.preventDefault();
  });
})();

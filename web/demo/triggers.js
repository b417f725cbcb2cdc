// Triggers of docs/triggers.md: which of them may show on this page at this moment, and how they look.
// What the company wrote is only ever set as text, its colours and links only in the forms that the product lets in.
"use strict";

const Triggers = (() => {
  const VISIT_ENDS_MS = 30 * 60 * 1000, LOOK_MS = 500, KEEP_MS = 60 * 1000, LINK_HOLDS_MS = 4 * 60 * 1000;
  const POSITIONS = ["bottom_right", "bottom_left", "top", "bottom"], COLOUR = /^#[0-9a-f]{6}$/i;

  // What pages of the site kept: which visit it is, when one of them was looked at last, what was shown in it.
  function kept() {
    try {
      const { count, at, seen } = JSON.parse(localStorage.getItem("recado-visits"));
      if (Number.isInteger(count) && Number.isFinite(at) && Array.isArray(seen)) return { count, at, seen };
    } catch { /* nothing, or nothing that can be read */ }
    return { count: 0, at: 0, seen: [] };
  }

  // What this page knows of its visit comes to what others kept of it; of a later visit nothing is lost.
  function keep(visit) {
    const last = kept();
    if (last.count === visit.count) visit.seen = [...new Set([...last.seen, ...visit.seen])];
    visit.at = Date.now();
    localStorage.setItem("recado-visits", JSON.stringify(last.count > visit.count ? { ...last, at: visit.at } : visit));
  }

  // Which visit this is, counted from 1; one ends when no page of the site was looked at for half an hour.
  function beginVisit(now) {
    const last = kept();
    const goesOn = last.count > 0 && now - last.at < VISIT_ENDS_MS;
    const visit = { count: goesOn ? last.count : last.count + 1, at: now, seen: goesOn ? last.seen : [] };
    keep(visit);
    return visit;
  }

  function isOnPage(rule, address) {
    const whole = address.href.split("#")[0], local = address.pathname + address.search;
    const given = rule.value.startsWith("/") ? local : whole;
    if (rule.match === "is") return given === rule.value;
    return rule.match === "starts_with" ? given.startsWith(rule.value) : given.includes(rule.value);
  }

  // `page`: {address, seconds, scrolled (percent), visit {count, seen}}.
  function holds(trigger, page) {
    const { pages, after_s, scroll_percent, min_visits, max_visits } = trigger.conditions;
    return !page.visit.seen.includes(trigger.id)
      && (pages.length === 0 || pages.some((rule) => isOnPage(rule, page.address)))
      && page.seconds >= after_s && page.scrolled >= scroll_percent
      && page.visit.count >= min_visits && (max_visits === null || page.visit.count <= max_visits);
  }

  // How far down the page was seen; one that fits the window was seen whole.
  function scrolled() {
    const { scrollHeight, clientHeight } = document.documentElement;
    return scrollHeight <= clientHeight ? 100 : Math.round(100 * (scrollY + clientHeight) / scrollHeight);
  }

  function element(name, className, text) {
    const made = document.createElement(name);
    made.className = className;
    if (text) made.textContent = text;
    return made;
  }

  // The card, bar or bubble. It takes no focus: nobody is torn from what they are reading.
  function draw(trigger, words, { onAction, onClose }) {
    const { title, text, button, position, background, color } = trigger.appearance;
    const box = element("section", `trigger ${trigger.type} ${POSITIONS.includes(position) ? position : "bottom_right"}`);
    box.setAttribute("aria-label", title || words.notice);
    if (COLOUR.test(background)) box.style.background = background;
    if (COLOUR.test(color)) box.style.color = color;
    if (trigger.image_url) {
      const image = element("img", "");
      image.src = trigger.image_url;
      image.alt = "";
      image.onerror = () => image.remove();
      box.append(image);
    }
    const said = element("div", "said");
    said.setAttribute("role", "status");
    if (title) said.append(element("strong", "", title));
    if (text) said.append(element("p", "", text));
    const act = element("button", "act", button || words[trigger.action.type]);
    act.type = "button";
    act.onclick = onAction;
    said.append(act);
    const close = element("button", "close", "×");
    close.type = "button";
    close.setAttribute("aria-label", words.close);
    close.onclick = onClose;
    box.append(said, close);
    box.onkeydown = (event) => { if (event.key === "Escape") onClose(); };
    return box;
  }

  // `load` gives the triggers as they are now; `act` does what a click asks for. One shows at a time, each once a visit.
  async function start({ load, act, words }) {
    const began = Date.now(), visit = beginVisit(began);
    let loadedAt = began, triggers = await load(), deepest = 0, shown = null;
    if (triggers.length === 0) return;
    const settle = () => { shown.remove(); shown = null; };
    const look = async () => {
      deepest = Math.max(deepest, scrolled());
      if (document.visibilityState === "visible" && Date.now() - visit.at >= KEEP_MS) keep(visit);
      if (shown) return;
      const page = { address: location, seconds: (Date.now() - began) / 1000, scrolled: deepest, visit };
      let next = triggers.find((one) => holds(one, page));
      if (!next) return;
      keep(visit);
      if (visit.seen.includes(next.id)) return;
      shown = document.createComment("trigger");
      visit.seen.push(next.id);
      keep(visit);
      if (next.image_url && Date.now() - loadedAt > LINK_HOLDS_MS) {
        triggers = await load().catch(() => triggers);
        loadedAt = Date.now();
        next = triggers.find((one) => one.id === next.id);
      }
      if (!next) { shown = null; return; }
      shown = draw(next, words, { onAction: () => { settle(); act(next.action, next); }, onClose: settle });
      document.body.append(shown);
    };
    setInterval(look, LOOK_MS);
    addEventListener("scroll", look, { passive: true });
    addEventListener("pagehide", () => keep(visit));
    look();
  }

  return { start };
})();

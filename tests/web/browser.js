// As much of a browser as the demo page asks for: its clock, its document, its storage and its ways out stand still
// until a test moves them. Whatever would make a text into a page of its own is an error.
"use strict";

const Browser = {
  now: 0, timers: new Map(), nextTimer: 1, listeners: {}, elements: {}, went: [], focused: null,

  // The first timer that is due by then, if any: [number, when].
  due(until) {
    const [first] = [...this.timers].filter(([, one]) => one.at <= until).sort(([, a], [, b]) => a.at - b.at);
    return first ? first[0] : 0;
  },
  ring(number) {
    const timer = this.timers.get(number);
    this.now = Math.max(this.now, timer.at);
    if (timer.every) timer.at += timer.every;
    else this.timers.delete(number);
    timer.call();
  },
  fire(type) { for (const call of this.listeners[type] || []) call({ type }); },
};

class Node {
  constructor(text = "") { this.text = text; this.parent = null; }
  get textContent() { return this.text; }
  remove() {
    if (this.parent) this.parent.children = this.parent.children.filter((one) => one !== this);
    this.parent = null;
  }
}

class Element extends Node {
  constructor(name) {
    super();
    Object.assign(this, { name, children: [], attributes: {}, style: {}, dataset: {}, listeners: {}, className: "", value: "" });
  }
  get textContent() { return this.children.map((one) => one.textContent).join(""); }
  set textContent(text) { this.children = [new Node(String(text))]; }
  set innerHTML(html) { throw new Error("a text was made into HTML"); }
  set outerHTML(html) { throw new Error("a text was made into HTML"); }
  insertAdjacentHTML() { throw new Error("a text was made into HTML"); }
  append(...nodes) { for (const one of nodes) this.insertBefore(one, null); }
  insertBefore(node, before) {
    const one = typeof node === "string" ? new Node(node) : node;
    one.remove();
    const place = before ? this.children.indexOf(before) : this.children.length;
    this.children.splice(place, 0, one);
    one.parent = this;
  }
  setAttribute(name, value) {
    if (name.startsWith("on")) throw new Error("a text was made into a program");
    this.attributes[name] = String(value);
  }
  querySelector(selector) { return this.all().find((one) => one.className.split(" ").includes(selector.slice(1))) || null; }
  all() { return this.children.flatMap((one) => (one instanceof Element ? [one, ...one.all()] : [])); }
  addEventListener(type, call) { (this.listeners[type] ??= []).push(call); }
  focus() { Browser.focused = this; }
  press() { if (!this.disabled) this.onclick(); }
}

// Of an address: what `resolve` (Python) makes of it.
class URL {
  constructor(address, base) {
    const found = JSON.parse(resolve(String(address), String(base || "")));
    if (!found) throw new TypeError("Invalid URL");
    Object.assign(this, found);
  }
  toString() { return this.href; }
}

class URLSearchParams {
  constructor(given) {
    const pairs = typeof given === "string" ? given.replace(/^\?/, "").split("&").filter(Boolean).map((one) => one.split("=")) : Object.entries(given);
    this.values = new Map(pairs);
  }
  get(name) { return this.values.get(name) ?? null; }
  set(name, value) { this.values.set(name, String(value)); }
  toString() { return [...this.values].map((one) => one.map(encodeURIComponent).join("=")).join("&"); }
}

function later(call, ms, every) {
  Browser.timers.set(Browser.nextTimer, { call, at: Browser.now + (ms || 0), every });
  return Browser.nextTimer++;
}

Date.now = () => Browser.now;
Object.assign(globalThis, {
  Browser, URL, URLSearchParams,
  setTimeout: (call, ms) => later(call, ms, 0),
  setInterval: (call, ms) => later(call, ms, ms),
  clearTimeout: (number) => Browser.timers.delete(number),
  clearInterval: (number) => Browser.timers.delete(number),
  addEventListener: (type, call) => (Browser.listeners[type] ??= []).push(call),
  scrollY: 0,
  navigator: { language: "" },
  crypto: { randomUUID: () => `client-${Browser.nextTimer++}` },
  localStorage: {
    getItem: (name) => kept(name) ?? null,
    setItem: (name, value) => keep(name, String(value)),
  },
  open: (url, target, features) => Browser.went.push(["open", String(url), target, features]),
  document: {
    body: new Element("body"), documentElement: new Element("html"), visibilityState: "visible",
    createElement: (name) => new Element(name),
    createComment: (text) => new Node(""),
    getElementById: (id) => Browser.elements[id] || null,
    write() { throw new Error("a text was made into HTML"); },
  },
  async fetch(path, { method, body }) {
    const { status, told } = JSON.parse(answer(method, path, body || ""));
    return { status, ok: status < 300, headers: { get: () => null }, json: async () => told };
  },
});

// What stands on the page beside what it had when it came.
Browser.shown = () => document.body.children.filter((one) => one instanceof Element).map((box) => {
  const of = (name) => box.all().find((one) => one.name === name);
  return {
    classes: box.className, attributes: box.attributes, style: box.style,
    title: of("strong")?.textContent ?? null, text: of("p")?.textContent ?? null,
    image: of("img") ? { src: of("img").src, alt: of("img").alt } : null,
    button: box.querySelector(".act").textContent, status: box.querySelector(".said").attributes.role,
    close: box.querySelector(".close").attributes["aria-label"], elements: box.all().map((one) => one.name),
  };
});
Browser.box = () => document.body.children.find((one) => one instanceof Element);

// What stands in the conversation, a message after the other.
Browser.bubbles = () => Browser.elements.log.children.map((line) => {
  const of = (name) => line.all().filter((one) => one.name === name);
  const [box] = of("div");
  return {
    mine: line.className === "mine", waiting: line.className === "mine waiting",
    said: of("span").map((one) => one.textContent).join(""),
    links: of("a").map(({ textContent, href, rel, target }) => ({ name: textContent, href, rel, target })),
    options: of("button").map((one) => ({ title: one.textContent, open: !one.disabled, chosen: one.className === "chosen", type: one.type })),
    group: box ? box.attributes : null, headings: box ? box.children.filter((one) => one.name === "small").map((one) => one.textContent) : [],
    elements: line.all().map((one) => one.name),
  };
});
Browser.option = (title) => Browser.elements.log.all().filter((one) => one.name === "button" && one.textContent === title).at(-1);

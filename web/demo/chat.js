// A small page of the online chat: it shows how the doors of docs/online-chat.md are used, and nothing more.
// The site key comes as ?site_key=, or where the page is served. What others wrote is only ever set as text.
"use strict";

const WORDS = {
  en: {
    title: "Online chat", lead: "Write to the demo company. Its agents answer from their side.", label: "Your message",
    send: "Send", attach: "File", connecting: "Connecting …", offline: "No connection. Trying again …", you: "You",
    company: "Company", deleted: "(message deleted)", checking: "The file is being checked …", noSite: "No site key: open this page with ?site_key=…",
    open_chat: "Chat", start_flow: "Chat", open_link: "See more", close: "Close", notice: "Message of the company",
    refused: "This was not sent: ", file_rejected: "the file was refused", waiting: "sending …",
    options: "Options", noLink: "not to be opened now", other: "(message that cannot be shown here)",
    kinds: {
      image: "Image", audio: "Audio", video: "Video", document: "File", sticker: "Sticker", location: "Location", contacts: "Contact",
      template: "Message", reaction: "(reaction taken back)", interactive: "Question",
    },
    reasons: {
      question_over: "another question was asked since",
      too_large: "it is too large", type_not_taken: "files of this kind are not taken", type_differs: "it is not what its name says",
      empty: "it is empty", active_content: "it contains programs", hostile_archive: "it cannot be opened safely",
    },
  },
  pt: {
    title: "Chat online", lead: "Escreva para a empresa de demonstração. Os atendentes respondem do lado deles.", label: "Sua mensagem",
    send: "Enviar", attach: "Arquivo", connecting: "Conectando …", offline: "Sem conexão. Tentando de novo …", you: "Você",
    company: "Empresa", deleted: "(mensagem apagada)", checking: "O arquivo está sendo verificado …", noSite: "Sem chave do site: abra esta página com ?site_key=…",
    open_chat: "Conversar", start_flow: "Conversar", open_link: "Saiba mais", close: "Fechar", notice: "Aviso da empresa",
    refused: "Não foi enviado: ", file_rejected: "o arquivo foi recusado", waiting: "enviando …",
    options: "Opções", noLink: "não pode ser aberto agora", other: "(mensagem que não pode ser mostrada aqui)",
    kinds: {
      image: "Imagem", audio: "Áudio", video: "Vídeo", document: "Arquivo", sticker: "Figurinha", location: "Localização", contacts: "Contato",
      template: "Mensagem", reaction: "(reação retirada)", interactive: "Pergunta",
    },
    reasons: {
      question_over: "outra pergunta já foi feita",
      too_large: "é grande demais", type_not_taken: "arquivos deste tipo não são aceitos", type_differs: "não é o que o nome diz",
      empty: "está vazio", active_content: "contém programas", hostile_archive: "não pode ser aberto com segurança",
    },
  },
};
const portuguese = (navigator.language || "").toLowerCase().startsWith("pt");
const say = portuguese ? WORDS.pt : WORDS.en;
const at = (id) => document.getElementById(id);
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
// How often the page looks: by the clock alone, and while a socket tells it when to.
const PACE_MS = 1500, HINTED_PACE_MS = 15000;
// A socket that nothing is said on is closed after ten minutes.
const BEAT_MS = 8 * 60 * 1000;
let siteKey = null, token = null, beginning = null, cursor = "", seen = 0;
let listening = false, hinted = false, goOn = null;

document.documentElement.lang = portuguese ? "pt-BR" : "en";
for (const id of ["title", "lead", "label", "send", "attach"]) at(id).textContent = say[id];
at("text").setAttribute("aria-label", say.label);
at("log").setAttribute("aria-label", say.title);

async function ask(method, path, body) {
  const opens = path === "/widget/sessions";
  for (let renewed = false; ; renewed = true) {
    if (!token && !opens) await begin();
    const headers = body ? { "Content-Type": "application/json" } : {};
    if (token) headers.Authorization = `Bearer ${token}`;
    const answer = await fetch(path, { method, headers, body: body ? JSON.stringify(body) : undefined });
    const told = await answer.json();
    if (answer.status === 401 && !opens && !renewed) { token = null; continue; }
    if (answer.status === 429 || answer.status === 503) {
      await pause(1000 * Number(answer.headers.get("Retry-After") || 1));
      continue;
    }
    if (!answer.ok) throw Object.assign(new Error(told.detail), { code: told.code, reason: told.reason });
    return told;
  }
}

// Whoever needs a session at the same time waits for the same one.
function begin() {
  beginning ??= (async () => {
    const kept = localStorage.getItem("recado-visitor");
    const session = await ask("POST", "/widget/sessions", { site_key: siteKey, ...(kept ? { visitor_id: kept } : {}) });
    localStorage.setItem("recado-visitor", session.visitor_id);
    token = session.token;
    return session;
  })().finally(() => { beginning = null; });
  return beginning;
}

// Why something was not sent, in the page's language where it has the words.
function refusal(error) {
  const reason = say.reasons[error.reason || error.code];
  const what = error.code === "file_rejected" ? say.file_rejected : reason || error.message;
  return say.refused + what + (error.reason && reason ? `: ${reason}` : "");
}

function made(name, text) {
  const element = document.createElement(name);
  element.textContent = text;
  return element;
}

function kindOf(message) { return say.kinds[message.kind] || say.other; }

// A message is a text, a file, options, or the name of what it is: never nothing.
function show(message) {
  const line = document.createElement("li");
  const mine = message.direction === "inbound";
  if (mine) line.className = "mine";
  line.append(made("small", mine ? say.you : message.author.name || say.company));
  const text = message.payload.revoked_at ? say.deleted : (message.text || "").trim() ? message.text : "";
  const file = message.payload.revoked_at ? null : message.file;
  line.append(made("span", text || (file ? "" : kindOf(message))));
  if (file) line.append(text ? document.createElement("br") : "", fileOf(file, message));
  if (mine) answered(message.payload.id);
  else if (message.kind === "interactive" && !message.payload.revoked_at) offer(message, line);
  at("log").insertBefore(line, at("log").querySelector(".waiting"));
  at("log").scrollTop = at("log").scrollHeight;
}

function fileOf(file, message) {
  const name = file.name || kindOf(message);
  if (!file.url) return made("span", `${name} (${say.noLink})`);
  const link = made("a", name);
  link.href = file.url;
  link.rel = "noopener";
  link.target = "_blank";
  return link;
}

// The options of the last question, until the visitor has said something: of one that is over none can be pressed.
let offered = [];
function offer(message, line) {
  answered();
  const box = document.createElement("div");
  box.className = "options";
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", message.text || say.options);
  const { buttons, sections } = message.payload;
  for (const section of buttons ? [{ rows: buttons }] : sections || []) {
    if (section.title) box.append(made("small", section.title));
    for (const { id, title } of section.rows || []) {
      const button = made("button", title);
      button.type = "button";
      button.dataset.option = id;
      button.onclick = () => {
        if (button.disabled) return;
        answered(id);
        at("log").focus({ preventScroll: true });
        send({ option: { seq: message.seq, id } }, title);
      };
      offered.push(button);
      box.append(button);
    }
  }
  line.append(box);
}

function answered(id) {
  for (const button of offered) {
    button.disabled = true;
    if (button.dataset.option === id) button.className = "chosen";
  }
  offered = [];
}

async function look() {
  const query = new URLSearchParams({ after: cursor });
  if (document.visibilityState === "visible" && seen) query.set("read_until", seen);
  const page = await ask("GET", `/widget/messages?${query}`);
  seen = 0;
  for (const message of page.items) {
    show(message);
    if (message.direction === "outbound") seen = message.seq;
  }
  cursor = page.cursor;
  return page.next !== null;
}

async function keepLooking() {
  for (;;) {
    try {
      while (await look());
      if (at("note").textContent === say.offline || at("note").textContent === say.connecting) at("note").textContent = "";
      await untilNextLook();
    } catch (error) {
      at("note").textContent = error.code ? refusal(error) : say.offline;
      await pause(3000);
    }
  }
}

// What is still to be told as read does not wait for the slow pace.
function untilNextLook() {
  return new Promise((done) => {
    goOn = () => { clearTimeout(timer); goOn = null; done(); };
    const timer = setTimeout(goOn, hinted ? 0 : listening && !seen ? HINTED_PACE_MS : PACE_MS);
    hinted = false;
  });
}

// Look now, or once more when it is looking already.
function hint() {
  if (goOn) goOn();
  else hinted = true;
}

// A socket says that there is something new, not what. Without one, or when a word of it is lost, the clock goes on.
async function keepListening() {
  for (let wait = 5000; ; wait = Math.min(2 * wait, 600000)) {
    try {
      const { socket_url: url } = await begin();
      if (!url) return;
      if (await listen(url) > 60000) wait = 5000;
    } catch { /* no session now: a later one has another address */ }
    await pause(wait);
  }
}

// Answers, once it is closed, how long it was open (ms).
function listen(url) {
  return new Promise((done) => {
    const socket = new WebSocket(url);
    let opened = Infinity, beat = 0;
    socket.onopen = () => {
      opened = Date.now();
      listening = true;
      beat = setInterval(() => socket.send("beat"), BEAT_MS);
    };
    socket.onmessage = hint;
    socket.onclose = () => {
      clearInterval(beat);
      listening = false;
      hint();
      done(Date.now() - opened);
    };
  });
}

// What is written goes out in the order in which it was written, however long the connection is lost.
let sending = Promise.resolve();
function send(message, shown) {
  answered();
  const line = document.createElement("li"), state = document.createElement("small");
  line.className = "mine waiting";
  state.textContent = say.waiting;
  line.append(state, shown);
  at("log").append(line);
  at("log").scrollTop = at("log").scrollHeight;
  sending = sending.then(() => deliver(message)).finally(() => line.remove());
  return sending;
}

async function deliver(message) {
  const body = { client_id: crypto.randomUUID(), ...message };
  for (;;) {
    try {
      await ask("POST", "/widget/messages", body);
      at("note").textContent = "";
      hint();
      return;
    } catch (error) {
      if (error.code && error.code !== "file_not_ready") { at("note").textContent = refusal(error); return; }
      at("note").textContent = error.code ? say.checking : say.offline;
      await pause(1000);
    }
  }
}

async function upload(file) {
  const type = file.type || "application/octet-stream";
  const announced = await ask("POST", "/widget/files", { name: file.name, content_type: type, size: file.size });
  const form = new FormData();
  for (const [name, value] of Object.entries(announced.upload.fields)) form.append(name, value);
  form.append("file", file);
  const answer = await fetch(announced.upload.url, { method: "POST", body: form });
  if (!answer.ok) throw Object.assign(new Error(`HTTP ${answer.status}`), { code: "file_rejected" });
  await send({ file_id: announced.file_id }, file.name);
}

at("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = at("text").value;
  if (!text.trim()) return;
  at("text").value = "";
  send({ kind: "text", text }, text);
});
at("file").addEventListener("change", () => {
  const [file] = at("file").files;
  at("file").value = "";
  if (file) upload(file).catch((error) => { at("note").textContent = error.code ? refusal(error) : say.offline; });
});

// The forms of links that the product lets in, held once more.
const LINK = /^(https?:\/\/[^\s/?#@\\:[\]<>^|%"`{}]+(:\d{1,5})?([/?#][^\s@\\]*)?|\/(?![/\\])[^\s\\]*)$/;

// What a click on a trigger does: a flow answers what is said by it; else the text waits for the visitor to send it.
function follow(action, trigger) {
  if (action.type === "start_flow") {
    send({ kind: "text", text: action.text, trigger_id: trigger.id }, action.text);
    return;
  }
  if (action.type === "open_chat") {
    if (action.text && !at("text").value) at("text").value = action.text;
    at("text").focus();
    return;
  }
  if (!LINK.test(action.url)) return;
  const url = new URL(action.url, location.href);
  if (url.origin === location.origin) location.assign(url);
  else open(url, "_blank", "noopener");
}

siteKey = new URLSearchParams(location.search).get("site_key") || document.documentElement.dataset.siteKey;
at("note").textContent = siteKey ? say.connecting : say.noSite;
if (siteKey) {
  keepLooking();
  keepListening();
  Triggers.start({ load: async () => (await ask("GET", "/widget/triggers")).items, act: follow, words: say }).catch(() => {});
}

// Comfort where scripts run: pages work without any of this.

/** Fetch a page as a document, and whether it is what was asked for. */
async function pageOf(address, options) {
  const answer = await fetch(address, { headers: { Accept: "text/html" }, credentials: "same-origin", ...options });
  return { isOk: answer.ok, page: new DOMParser().parseFromString(await answer.text(), "text/html") };
}

/** Put another page's content into the place of this one's, and wake it. */
function show(page) {
  document.title = page.title;
  document.querySelector("main").replaceWith(page.querySelector("main"));
  wake();
}

// A run under way: its page is asked for again whenever the server tells that something changed.
function follow(part) {
  const events = new EventSource(part.dataset.live);
  const look = async () => {
    const { page, isOk } = await pageOf(location.href);
    if (!isOk) return;
    const now = page.querySelector("[data-live]");
    if (now) {
      document.querySelector("[data-live]")?.replaceChildren(...now.childNodes);
    } else {
      events.close();
      show(page);
      document.querySelector("main").focus();
    }
  };
  events.addEventListener("progress", look);
  events.addEventListener("end", look);
}

// Forms that change a part of a page: sent without leaving it, the focus stays where it was.
async function send(event) {
  event.preventDefault();
  const form = event.target;
  const data = new URLSearchParams(new FormData(form, event.submitter));
  form.setAttribute("aria-busy", "true");
  const id = form.closest(".match")?.id;
  const { page } = await pageOf(form.getAttribute("action"), { method: "POST", body: data });
  show(page);
  const place = (id && document.getElementById(id)) ?? document.getElementById("done") ?? document.querySelector("main");
  const wrong = place.querySelector("[aria-invalid]");
  if (wrong) wrong.focus();
  else place.focus({ preventScroll: place.id === id });
}

// What a decision costs, shown where it is made.
async function tell(details) {
  const place = details.querySelector("[data-shown]");
  if (!details.open || place.hasChildNodes()) return;
  place.textContent = place.dataset.shown;
  const { page } = await pageOf(details.dataset.cost);
  place.replaceChildren(...(page.querySelector("#cost")?.childNodes ?? []));
}

// Forms that only ask: their answer takes the place of the part of the page that they stand in.
async function ask(event) {
  event.preventDefault();
  const form = event.target;
  const part = document.getElementById(form.dataset.within);
  const query = new URLSearchParams(new FormData(form, event.submitter));
  part.setAttribute("aria-busy", "true");
  const told = document.createElement("p");
  told.className = "notice";
  told.setAttribute("role", "status");
  form.after(told);
  told.textContent = form.dataset.shown;
  const address = `${form.getAttribute("action")}?${query}`;
  const { page } = await pageOf(address);
  const answer = page.getElementById(form.dataset.within);
  if (!answer) return location.assign(address);
  part.replaceWith(answer);
  wake();
  (document.getElementById("thought") ?? answer).focus();
}

// Keys work outside of fields, and can be switched off.
const KEYS = "partnermatch-keys";
function press(event) {
  const all = [...document.querySelectorAll(".match")];
  const match = event.target.closest?.(".match");
  const isTyping = event.target.matches?.("input:not([type=checkbox]), select, textarea");
  const isOff = !document.querySelector("[data-keys] input")?.checked;
  if (isTyping || isOff || event.ctrlKey || event.metaKey || event.altKey) return;
  const button = (name) => match?.querySelector(`p.do button[value=${name}]`);
  const does = {
    j: () => all[all.indexOf(match) + 1]?.focus(),
    k: () => all[all.indexOf(match) - 1]?.focus(),
    a: () => button("accept")?.click(),
    l: () => (button("lock") ?? button("unlock"))?.click(),
    n: () => {
      const left = all.filter((one) => one.matches(".proposed"));
      const next = left.find((one) => all.indexOf(one) > all.indexOf(match)) ?? left[0];
      if (next) next.focus();
      else document.getElementById("next")?.click();
    },
    u: () => document.querySelector("#done button")?.click(),
    "?": () => {
      const help = document.querySelector("[data-keys]");
      help.open = !help.open;
      help.querySelector("summary").focus();
    },
    d: () => {
      const details = match?.querySelector("details");
      if (details) details.open = true;
      details?.querySelector("input[name=reason]").focus();
    },
  }[event.key];
  if (does) {
    event.preventDefault();
    does();
  }
}

// A policy that is being changed: what that would do is told while a slider moves; small buttons keep their place.
function draft(form) {
  let waiting = 0;
  let asked = 0;
  const pageAs = (button) => pageOf(`${form.getAttribute("action").split("#")[0]}?${new URLSearchParams(new FormData(form, button))}`);
  const tell = async () => {
    const own = ++asked;
    const { page } = await pageAs();
    const now = page.querySelector("[data-changes]");
    if (own !== asked || !now) return;
    document.querySelector("[data-changes]").replaceChildren(...now.childNodes);
    document.querySelector("[data-status]").textContent = document.querySelector("[data-told]")?.textContent ?? "";
  };
  form.addEventListener("input", (event) => {
    const output = event.target.parentElement.querySelector("output");
    if (output) {
      const unit = output.dataset.unit ? `\u00a0${output.dataset.unit}` : "";
      output.value = Number(event.target.value).toLocaleString(document.documentElement.lang) + unit;
    }
    clearTimeout(waiting);
    waiting = setTimeout(tell, 250);
  });
  form.addEventListener("submit", async (event) => {
    const button = event.submitter;
    if (!["move", "default"].includes(button?.name)) return;
    event.preventDefault();
    const { page } = await pageAs(button);
    const field = button.name === "default" ? button.value.replaceAll(".", "-") : button.id;
    show(page);
    const other = field.startsWith("up-") ? field.replace("up-", "down-") : field.replace("down-", "up-");
    (document.getElementById(field) ?? document.getElementById(other))?.focus();
    document.querySelector("[data-status]").textContent = document.querySelector("[data-told]")?.textContent ?? "";
  });
}

// Files dropped anywhere onto the form are those that its field holds.
function takeFiles(form) {
  const [zone, field] = [form.querySelector(".drop"), form.querySelector("input[type=file]")];
  form.querySelector("[data-drop-hint]").hidden = false;
  const isOver = (is) => (event) => {
    event.preventDefault();
    zone.classList.toggle("over", is);
  };
  for (const name of ["dragenter", "dragover"]) form.addEventListener(name, isOver(true));
  form.addEventListener("dragleave", isOver(false));
  form.addEventListener("drop", (event) => {
    isOver(false)(event);
    if (!event.dataTransfer.files.length) return;
    field.files = event.dataTransfer.files;
    form.requestSubmit();
  });
  form.addEventListener("submit", () => {
    form.setAttribute("aria-busy", "true");
    form.querySelector("[data-drop-busy]").hidden = false;
  });
}

/** Attend to what has come onto the page. */
function wake() {
  const live = document.querySelector("[data-live]");
  if (live) follow(live);
  for (const form of document.querySelectorAll("form[data-partly]")) form.addEventListener("submit", send);
  for (const form of document.querySelectorAll("form[data-within]")) form.addEventListener("submit", ask);
  for (const details of document.querySelectorAll("details[data-cost]")) {
    details.addEventListener("toggle", () => tell(details));
  }
  const drafted = document.querySelector("form[data-draft]");
  if (drafted) draft(drafted);
  for (const form of document.querySelectorAll("form[data-drop]")) takeFiles(form);
  for (const form of document.querySelectorAll("form[data-at-once]")) {
    form.addEventListener("change", () => form.checkValidity() && form.requestSubmit());
  }
  // Another table has other columns: they are guessed anew at once.
  const table = document.querySelector("select[data-again]");
  table?.addEventListener("change", () => table.form.requestSubmit(table.form.querySelector("button[name=again]")));
  const keys = document.querySelector("[data-keys]");
  if (keys) {
    keys.hidden = false;
    for (const match of document.querySelectorAll(".match")) match.tabIndex = 0;
    const box = keys.querySelector("input");
    box.checked = localStorage.getItem(KEYS) !== "off";
    box.addEventListener("change", () => localStorage.setItem(KEYS, box.checked ? "on" : "off"));
  }
}

document.addEventListener("keydown", press);
wake();

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

/** Attend to what has come onto the page. */
function wake() {
  const live = document.querySelector("[data-live]");
  if (live) follow(live);
  for (const form of document.querySelectorAll("form[data-partly]")) form.addEventListener("submit", send);
  for (const details of document.querySelectorAll("details[data-cost]")) {
    details.addEventListener("toggle", () => tell(details));
  }
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

// Keeps a page up to date while it is looked at: fetches its changing part and swaps what differs.
// A region is an element with an id and data-live; regions may hold regions. What has the focus is left alone, and what
// somebody has unfolded stays so (details with an id).
// data-live-next on what was fetched: what was waited for is there, at this address.
// data-say on an element with an id is its state in words: when they change, they are announced politely.
(() => {
  "use strict";
  const root = document.querySelector("[data-live-from]");
  const voice = document.getElementById("live-voice");
  if (!root || !window.fetch) return;
  const every = Number(root.dataset.liveEvery || 15) * 1000, longest = 300000, most = 8; // seconds between two looks
  let tag = "", failures = 0, timer = 0, asking = false;
  const seen = new Map();
  const regions = (within) => [...within.querySelectorAll("[data-live]")];
  const outermost = (list) => list.filter((one) => !list.some((other) => other !== one && other.contains(one)));
  const said = (within) => new Map([...within.querySelectorAll("[data-say]")].map((one) => [one.id, one.dataset.say]));
  const remember = (region) => {
    for (const one of [region, ...regions(region)]) seen.set(one.id, one.innerHTML);
  };
  outermost(regions(root)).forEach(remember);

  // Returns whether all of a region could be brought up to date.
  function swap(region, fresh) {
    if (!fresh || seen.get(region.id) === fresh.innerHTML) return true;
    if (region.contains(document.activeElement)) {
      outermost(regions(region)).forEach((one) => swap(one, fresh.querySelector(`#${CSS.escape(one.id)}`)));
      return false;
    }
    remember(fresh);
    const folds = new Map([...region.querySelectorAll("details[id]")].map((one) => [one.id, one.open]));
    region.replaceChildren(...[...fresh.childNodes].map((node) => document.importNode(node, true)));
    for (const one of region.querySelectorAll("details[id]")) one.open = folds.get(one.id) ?? one.open;
    return true;
  }

  function take(text) {
    const fresh = new DOMParser().parseFromString(text, "text/html");
    const next = fresh.querySelector("[data-live-next]");
    if (next) {
      window.location.assign(next.dataset.liveNext);
      return false;
    }
    const before = said(root);
    const whole = outermost(regions(root)).map((one) => swap(one, fresh.getElementById(one.id))).every(Boolean);
    const news = [...said(root)].filter(([id, words]) => before.get(id) !== words).map(([, words]) => words);
    if (news.length && voice) voice.textContent = news.join(" ");
    return whole;
  }

  async function ask() {
    if (asking || document.hidden) return;
    asking = true;
    try {
      const headers = tag ? { "If-None-Match": tag } : {};
      const answer = await fetch(root.dataset.liveFrom, { headers, cache: "no-store", redirect: "manual" });
      if (answer.ok) tag = take(await answer.text()) ? answer.headers.get("ETag") || "" : "";
      else if (answer.status !== 304) throw new Error(String(answer.status));
      failures = 0;
    } catch {
      failures += 1;
      if (failures === most && voice) voice.textContent = root.dataset.liveStopped || "";
    }
    asking = false;
    if (failures < most) later(Math.min(every * 2 ** failures, longest));
  }

  function later(wait) {
    clearTimeout(timer);
    timer = setTimeout(ask, wait);
  }
  document.addEventListener("visibilitychange", () => document.hidden || failures >= most || later(500));
  later(every);
})();

// Tree and search of an exported site. Works from the disk: what it needs it loads as scripts, never by fetch.
// Texts of pages reach the document through textContent alone.
"use strict";
(() => {
  const body = document.body;
  body.classList.add("scripted");
  const root = body.dataset.root;
  const loaded = new Map();

  const load = (file) => {
    if (!loaded.has(file)) {
      loaded.set(file, new Promise((resolve, reject) => {
        const script = document.createElement("script");
        script.src = root + "_assets/" + file;
        script.onload = resolve;
        script.onerror = () => { loaded.delete(file); reject(new Error(file)); };
        document.head.append(script);
      }));
    }
    return loaded.get(file);
  };
  const make = (name, attributes = {}, ...children) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  };
  const hrefOf = (path) => root + path.split("/").map(encodeURIComponent).join("/") + ".html";

  // The tree of a space: [index of the parent or -1, title, name of the file or 0 for the title, 1 for no page].
  const kMostShown = 300;
  const showTree = (entries) => {
    const place = document.getElementById("tree");
    const below = new Map();
    const paths = [];
    let current = -1;
    entries.forEach(([parent, title, name, node], index) => {
      if (!below.has(parent)) below.set(parent, []);
      below.get(parent).push(index);
      const own = name === 0 ? title : name;
      const around = parent < 0 ? body.dataset.folder : paths[parent];
      paths.push(own.startsWith("/") ? own.slice(1) : around + "/" + own);
      if (!node && paths[index] === body.dataset.path) current = index;
    });
    const open = new Set();
    for (let at = current; at >= 0; at = entries[at][0]) open.add(at);

    const item = (index) => {
      const [, title, , node] = entries[index];
      const label = title.trim() === "" ? "(untitled)" : title;
      const line = make("div", {class: "entry"});
      const row = make("li", {}, line);
      const children = below.get(index);
      if (children) {
        const button = make("button", {type: "button", "aria-label": "Pages below " + label});
        const toggle = (wanted) => {
          button.setAttribute("aria-expanded", wanted);
          if (wanted && !row.querySelector("ul")) row.append(list(children));
          row.classList.toggle("open", wanted);
        };
        button.addEventListener("click", () => toggle(!row.classList.contains("open")));
        line.append(button);
        toggle(open.has(index));
      } else {
        line.append(make("span", {class: "leaf"}));
      }
      if (node) {
        line.append(make("span", {class: "folder"}, label));
      } else {
        const link = make("a", {href: hrefOf(paths[index])}, label);
        if (index === current) link.setAttribute("aria-current", "page");
        line.append(link);
      }
      return row;
    };
    const list = (indices) => {
      const element = make("ul");
      const fill = (from) => {
        let to = Math.min(from + kMostShown, indices.length);
        const needed = indices.findIndex((index) => open.has(index));
        if (needed >= to) to = needed + 1;
        for (const index of indices.slice(from, to)) element.append(item(index));
        if (to === indices.length) return;
        const more = make("button", {type: "button", class: "more"}, `${indices.length - to} more`);
        const row = make("li", {}, more);
        more.addEventListener("click", () => { row.remove(); fill(to); });
        element.append(row);
      };
      fill(0);
      return element;
    };
    if (!below.has(-1)) return;
    place.replaceChildren(list(below.get(-1)));
    const here = place.querySelector("[aria-current]");
    if (here) here.scrollIntoView({block: "center"});
  };
  window.confmirrorTree = showTree;
  if (body.dataset.space) load(`tree/${body.dataset.space}.js`).catch(() => {});

  // Search. Words are folded and cut as the index was: see search_index.cc.
  const kCjk = /[\u3040-\u30FF\u3400-\u4DBF\u4E00-\u9FFF\uAC00-\uD7AF\uF900-\uFAFF\u{20000}-\u{3FFFF}]/u;
  const kWord = /[\p{L}\p{N}]/u;
  const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase()
    .replace(/ß/g, "ss").replace(/ς/g, "σ").normalize("NFC");
  const wordsOf = (text) => {
    const words = [];
    let word = "", before = "", paired = false;
    const endWord = () => { if (word) words.push(word); word = ""; };
    const endRun = () => { if (before && !paired) words.push(before); before = ""; paired = false; };
    for (const c of fold(text)) {
      if (kCjk.test(c)) {
        endWord();
        paired = before !== "";
        if (paired) words.push(before + c);
        before = c;
      } else {
        endRun();
        if (kWord.test(c)) word += c; else endWord();
      }
    }
    endWord();
    endRun();
    return words;
  };
  const shards = new Map(), documents = new Map();
  let site = {documents: 0, documentsInFile: 1, shards: 1};
  window.confmirrorSite = (told) => { site = told; };
  window.confmirrorWords = (shard, words) => shards.set(shard, new Map(Object.entries(words)));
  window.confmirrorDocuments = (file, list) => documents.set(file, list);
  const shardOf = (word) => {
    const [first, second] = [...word];
    return (first.codePointAt(0) * 31 + (second ? second.codePointAt(0) : 0)) % site.shards;
  };
  // The documents of a word, or of all words that begin so: document -> weight.
  const find = async (word, asBeginning) => {
    const shard = shardOf(word);
    await load(`search/${shard}.js`);
    const words = shards.get(shard);
    const kMostWords = 200;
    let matching = words.has(word) ? [word] : [];
    if (asBeginning && [...word].length > 1) {
      for (const each of words.keys()) {
        if (each !== word && each.startsWith(word)) matching.push(each);
        if (matching.length >= kMostWords) break;
      }
    }
    const found = new Map();
    for (const each of matching) {
      const numbers = words.get(each);
      const rarity = Math.log(1 + site.documents / (numbers.length / 2));
      const share = each === word ? 1 : 0.6;
      for (let at = 0, id = 0; at < numbers.length; at += 2) {
        id += numbers[at];
        // 16 stands for the title.
        const weight = (numbers[at + 1] & 16 ? 12 : 0) + (numbers[at + 1] & 15);
        found.set(id, Math.max(found.get(id) || 0, rarity * weight * share));
      }
    }
    return found;
  };
  const search = async (query) => {
    await load("site.js");
    const words = [...new Set(wordsOf(query))].slice(0, 12);
    const last = /[\p{L}\p{N}\p{M}]$/u.test(query) ? words.length - 1 : -1;
    const found = await Promise.all(words.map((word, at) => find(word, at === last)));
    const scores = new Map();
    for (const each of found) {
      for (const [id, score] of each) {
        const so = scores.get(id) || {all: 0, score: 0};
        scores.set(id, {all: so.all + 1, score: so.score + score});
      }
    }
    const hits = [...scores].map(([id, so]) => ({id, ...so}));
    const most = Math.max(0, ...hits.map((hit) => hit.all));
    const best = hits.filter((hit) => hit.all === most).sort((a, b) => b.score - a.score || a.id - b.id);
    return {words, total: best.length, some: most < words.length, hits: best};
  };
  const documentOf = async (id) => {
    const file = Math.floor(id / site.documentsInFile);
    await load(`documents/${file}.js`);
    return documents.get(file)[id % site.documentsInFile];
  };
  // The text with what begins as one of the words marked.
  const marked = (text, words) => text.split(/([\p{L}\p{N}\p{M}]+)/u).map((part, at) => {
    const folded = at % 2 ? fold(part) : "";
    return folded && words.some((word) => folded.startsWith(word) || (kCjk.test(word) && folded.includes(word)))
      ? make("mark", {}, part) : part;
  });

  const input = document.getElementById("search");
  const results = document.getElementById("results");
  const main = document.getElementById("main");
  const kFirst = 30;
  let asked = 0;
  const show = async (answer, count) => {
    const mine = asked;
    const list = make("ol");
    for (const hit of answer.hits.slice(0, count)) {
      const [title, path, space, text] = await documentOf(hit.id);
      list.append(make("li", {},
        make("a", {href: hrefOf(path)}, ...marked(title.trim() === "" ? "(untitled)" : title, answer.words)),
        make("div", {class: "where"}, space), make("p", {}, ...marked(text, answer.words))));
    }
    if (mine !== asked) return;
    const told = answer.total === 0 ? "Nothing found"
      : `${answer.total} ${answer.total === 1 ? "page" : "pages"}` + (answer.some ? ", none with all words" : "");
    results.replaceChildren(make("p", {class: "count", role: "status"}, told), list);
    if (answer.total > count) {
      const more = make("button", {type: "button", class: "more"}, "Show more");
      more.addEventListener("click", () => show(answer, count + kFirst));
      results.append(more);
    }
  };
  const update = async () => {
    const query = input.value.trim();
    const mine = ++asked;
    const searching = query !== "";
    results.hidden = !searching;
    main.hidden = searching;
    if (!searching) return;
    try {
      const answer = await search(query);
      if (mine === asked) await show(answer, kFirst);
    } catch (error) {
      results.replaceChildren(make("p", {class: "count", role: "status"}, "The index cannot be read: " + error.message));
    }
  };
  if (input) {
    let timer = 0;
    input.form.hidden = false;
    input.form.addEventListener("submit", (event) => {
      event.preventDefault();
      const first = results.querySelector("a");
      if (first) first.focus();
    });
    input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(update, 120); });
    document.addEventListener("keydown", (event) => {
      if (event.key === "/" && !/^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName)) {
        event.preventDefault();
        input.focus();
      } else if (event.key === "Escape" && input.value) {
        input.value = "";
        update();
        input.focus();
      }
    });
    // A search can be linked to: index.html#search=words.
    const linked = /^#search=(.+)$/.exec(location.hash);
    if (linked) {
      try { input.value = decodeURIComponent(linked[1]); } catch { /* not ours */ }
    }
    if (input.value) update();
  }

  const menu = document.getElementById("menu");
  if (menu) {
    menu.hidden = false;
    menu.addEventListener("click", () => {
      menu.setAttribute("aria-expanded", body.classList.toggle("menu-open"));
    });
  }
})();

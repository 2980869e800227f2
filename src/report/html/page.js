// Search, a filter, keys and a copy button. Everything can be read without it.
'use strict';
(() => {
  const one = (id) => document.getElementById(id);
  const all = (selector, below = document) => [...below.querySelectorAll(selector)];
  const subtasks = all('details.subtask');
  const texts = new Map();
  const textOf = (element) => {
    if (!texts.has(element)) texts.set(element, element.textContent.toLowerCase());
    return texts.get(element);
  };
  const tools = document.querySelector('.tools');
  const search = one('search');
  const filter = one('filter');
  tools.hidden = false;
  tools.addEventListener('submit', (event) => event.preventDefault());

  const open = (target) => {
    for (let at = target; at; at = at.parentElement) if (at.tagName === 'DETAILS') at.open = true;
  };
  const shown = () => subtasks.filter((subtask) => !subtask.hidden);

  const apply = () => {
    const wanted = search.value.trim().toLowerCase();
    for (const subtask of subtasks) {
      const matches = !wanted || textOf(subtask).includes(wanted);
      subtask.hidden = !matches || (filter.checked && subtask.dataset.passed === 'yes');
      if (!wanted || subtask.hidden) continue;
      for (const inner of all('details', subtask)) inner.open = textOf(inner).includes(wanted);
      subtask.open = true;
    }
    for (const section of all('section.package')) {
      section.hidden = all('details.subtask', section).every((subtask) => subtask.hidden);
    }
    const count = shown().length;
    one('none').hidden = count > 0;
    one('found').textContent = wanted || filter.checked ? `${count} of ${subtasks.length} subtasks` : '';
  };
  let pending;
  search.addEventListener('input', () => {
    clearTimeout(pending);
    pending = setTimeout(apply, 80);
  });
  filter.addEventListener('change', apply);
  one('open').addEventListener('click', () => shown().forEach((subtask) => { subtask.open = true; }));
  one('close').addEventListener('click', () => all('details[open]').forEach((details) => { details.open = false; }));

  const follow = () => {
    let id = '';
    try { id = decodeURIComponent(location.hash.slice(1)); } catch { return; }
    const target = id && one(id);
    if (!target) return;
    const subtask = target.closest('details.subtask');
    if (subtask && subtask.hidden) {
      search.value = '';
      filter.checked = false;
      apply();
    }
    open(target);
    target.scrollIntoView();
  };
  addEventListener('hashchange', follow);
  document.addEventListener('click', (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (link && link.getAttribute('href') === location.hash) follow();
  });
  follow();

  const step = (by) => {
    const list = shown();
    const at = list.findIndex((subtask) => subtask.contains(document.activeElement));
    const next = list[at < 0 ? (by > 0 ? 0 : list.length - 1) : Math.min(Math.max(at + by, 0), list.length - 1)];
    if (next) next.querySelector('summary').focus();
  };
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target.matches('input[type=search]');
    if (typing && event.key === 'Escape') { search.value = ''; apply(); search.blur(); }
    if (typing) return;
    if (event.key === '/') { event.preventDefault(); search.focus(); }
    if (event.key === 'f') { filter.checked = !filter.checked; apply(); tools.scrollIntoView({ block: 'nearest' }); }
    if (event.key === 'j') step(1);
    if (event.key === 'k') step(-1);
  });

  const near = (id, on) => {
    for (const edge of all('.bars .edge')) {
      if (edge.dataset.from === id || edge.dataset.to === id) edge.classList.toggle('near', on);
    }
    for (const row of all('.names a[data-row]')) if (row.dataset.row === id) row.classList.toggle('near', on);
  };
  for (const element of all('[data-row], [data-bar]')) {
    const id = element.dataset.row || element.dataset.bar;
    for (const [name, on] of [['mouseenter', true], ['focus', true], ['mouseleave', false], ['blur', false]]) {
      element.addEventListener(name, () => near(id, on));
    }
  }
  for (const bar of all('[data-bar]')) bar.addEventListener('click', () => { location.hash = bar.dataset.bar; });

  const command = one('command');
  const copy = document.createElement('button');
  copy.type = 'button';
  copy.id = 'copy';
  copy.textContent = 'Copy';
  copy.addEventListener('click', async () => {
    const told = (text) => { copy.textContent = text; setTimeout(() => { copy.textContent = 'Copy'; }, 1500); };
    try {
      await navigator.clipboard.writeText(command.textContent);
      told('Copied');
    } catch {
      getSelection().selectAllChildren(command);
      told('Selected');
    }
  });
  command.after(copy);

  let closed = [];
  addEventListener('beforeprint', () => {
    closed = all('details:not([open])');
    for (const details of closed) details.open = true;
  });
  addEventListener('afterprint', () => {
    for (const details of closed) details.open = false;
    closed = [];
  });
})();

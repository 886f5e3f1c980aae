// What people notice: keys and copy buttons. Every page works without it.

const isTyping = (target) => target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

function rows() {
  return [...document.querySelectorAll('main tbody tr, main .history > li')].filter((row) => row.querySelector('a'));
}

function move(step) {
  const all = rows();
  if (all.length === 0) {
    return;
  }

  const at = all.findIndex((row) => row.contains(document.activeElement));
  const next = all[Math.min(Math.max(at < 0 ? 0 : at + step, 0), all.length - 1)];
  all.forEach((row) => row.classList.toggle('chosen', row === next));
  next.querySelector('a').focus();
  next.scrollIntoView({ block: 'nearest' });
}

document.addEventListener('keydown', (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) {
    return;
  }

  if (isTyping(event.target)) {
    if (event.key === 'Escape') {
      event.target.blur();
    }

    return;
  }

  if (event.key === '/') {
    const search = document.querySelector('input[type=search]');
    if (search) {
      event.preventDefault();
      search.focus();
      search.select();
    }
  } else if (event.key === 'j') {
    move(1);
  } else if (event.key === 'k') {
    move(-1);
  }
});

// The clipboard needs a secure context (W3C Clipboard API, section 2): with http:// to another machine, the text is selected instead.
async function copy(text, from, say) {
  try {
    await navigator.clipboard.writeText(text);
    say('Copied');
  } catch {
    getSelection().selectAllChildren(from);
    say('Selected');
  }

  setTimeout(() => say('Copy'), 1500);
}

for (const element of document.querySelectorAll('[data-copy]')) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'copy';

  // What is seen is the beginning of what is heard (WCAG 2.2, 2.5.3).
  const say = (word) => {
    button.textContent = word;
    button.setAttribute('aria-label', `${word} ${element.dataset.copy}`);
  };
  say('Copy');
  button.addEventListener('click', () => copy(element.dataset.copyText ?? element.textContent, element, say));
  element.after(button);
}

// Boxes of a table: the button counts them, and a click with the shift key sets all between the last one and this one.
const act = document.querySelector('.selected button');
if (act) {
  const boxes = [...act.form.querySelectorAll('input[type=checkbox]')];
  const count = () => {
    const selected = boxes.filter((box) => box.checked).length;
    act.textContent = selected === 0 ? `${act.dataset.verb} what is selected…` : `${act.dataset.verb} the ${selected} selected…`;
  };
  let last = null;
  for (const box of boxes) {
    box.addEventListener('click', (event) => {
      if (event.shiftKey && last) {
        const [from, to] = [boxes.indexOf(last), boxes.indexOf(box)].sort((a, b) => a - b);
        boxes.slice(from, to + 1).forEach((one) => { one.checked = box.checked; });
      }

      last = box;
      count();
    });
  }

  addEventListener('pageshow', count);
}

// What happens while a page of the activity is open, and since its newest change. The browser connects again by itself, says which change it got last, and may get changes again.
const live = document.querySelector('[data-live]');
if (live) {
  const query = new URLSearchParams(location.search);
  query.set('after', live.dataset.live);
  new EventSource(`${location.pathname}/live?${query}`).addEventListener('message', (event) => {
    const item = document.createRange().createContextualFragment(event.data).firstElementChild;
    if ([...live.children].some((shown) => shown.outerHTML === item.outerHTML)) {
      return;
    }

    document.querySelector('main .empty')?.remove();
    live.prepend(item);
    while (live.children.length > 500) {
      live.lastElementChild.remove();
    }
  });
}

// A page with a job that runs follows it. When the job has ended, the page is opened again, and shows more.
const job = document.querySelector('[data-job]');
if (job) {
  const timer = setInterval(async () => {
    if (document.hidden) {
      return;
    }

    try {
      const answer = await fetch(location.href);
      const now = new DOMParser().parseFromString(await answer.text(), 'text/html').querySelector('[data-job]');
      if (now) {
        job.replaceChildren(...now.childNodes);
      } else if (answer.ok) {
        clearInterval(timer);
        location.reload();
      }
    } catch {
      // The registry does not answer. It is asked again.
    }
  }, 2000);
}

document.documentElement.classList.add('scripted');

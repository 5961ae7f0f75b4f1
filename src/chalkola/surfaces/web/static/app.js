// What all pages do: switch between light and dark, close menus, and say what became of a part that was asked for.
(() => {
  'use strict';

  const root = document.documentElement;
  const isDark = () =>
    root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;

  document.addEventListener('click', (event) => {
    if (event.target.closest('[data-theme-switch]')) {
      root.dataset.theme = isDark() ? 'light' : 'dark';
      try {
        localStorage.setItem('theme', root.dataset.theme);
      } catch {
        // It holds for this page.
      }
      document.dispatchEvent(new CustomEvent('themechange'));
    }
    for (const menu of document.querySelectorAll('details.menu[open]')) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });

  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    for (const menu of document.querySelectorAll('details.menu[open]')) {
      menu.open = false;
      menu.querySelector('summary').focus();
    }
  });

  // A parent's children: asked for when they are unfolded, and gone when they are folded again.
  document.addEventListener('click', (event) => {
    const button = event.target.closest('.unfold');
    if (!button) return;
    const opens = button.getAttribute('aria-expanded') !== 'true';
    button.setAttribute('aria-expanded', String(opens));
    if (opens) htmx.trigger(button, 'unfold');
    else document.querySelectorAll(`tr[data-of="${CSS.escape(button.dataset.asin)}"]`).forEach((row) => row.remove());
  });

  // What is asked for only when it is opened.
  document.addEventListener('toggle', (event) => {
    const asks = event.target.open && event.target.matches('[data-opens]') && event.target.querySelector('[hx-trigger="opened"]');
    if (!asks) return;
    htmx.trigger(asks, 'opened');
    event.target.removeAttribute('data-opens');
  }, true);

  // On a phone: the page that is open is in sight among all.
  const [sections, here] = [document.querySelector('.sections'), document.querySelector('.sections [aria-current]')];
  if (sections && here) sections.scrollLeft = here.offsetLeft - (sections.clientWidth - here.offsetWidth) / 2;

  // What is typed has been looked for already when its field is left.
  document.addEventListener('change', (event) => {
    if (event.target.matches('input[type="search"]')) event.stopPropagation();
  }, true);

  // What a word means, where a mouse rests on it; a click or a key opens it as well, and then it stays.
  let resting;
  document.addEventListener('pointerover', (event) => {
    const word = event.target.closest('[data-hover]');
    clearTimeout(resting);
    if (!word || event.pointerType !== 'mouse') return;
    resting = setTimeout(() => {
      const note = document.getElementById(word.getAttribute('popovertarget'));
      if (!note || note.matches(':popover-open')) return;
      note.showPopover({ source: word });
      const leave = (left) => {
        if (left.target.closest?.('[popover]') === note || left.target.closest?.('[data-hover]') === word) return;
        note.hidePopover();
      };
      document.addEventListener('pointerover', leave);
      note.addEventListener('toggle', (toggled) => {
        if (toggled.newState === 'closed') document.removeEventListener('pointerover', leave);
      });
    }, 350);
  });

  // What became of a table, for whoever does not see it.
  document.addEventListener('htmx:after:swap', () => {
    const [told, results] = [document.getElementById('told'), document.getElementById('results')];
    if (told && results) told.textContent = results.dataset.told;
  });

  const said = document.getElementById('said');
  let silence;
  const say = (text) => {
    if (!said) return;
    said.textContent = text;
    clearTimeout(silence);
    silence = setTimeout(() => { said.textContent = ''; }, 8000);
  };
  document.addEventListener('htmx:error', () => say('This part could not be loaded. Try again in a minute.'));
  document.addEventListener('htmx:after:request', (event) => {
    const { text, response } = event.detail?.ctx ?? {};
    if (!(response?.status >= 400)) return;
    const isSaid = response.headers?.get('content-type')?.startsWith('text/plain') && text;
    say(isSaid ? text : `This part could not be loaded (${response.status}). Load the page again.`);
  });
})();

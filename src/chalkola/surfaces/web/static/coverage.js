// The calendar: the newest months are in view, and a month unfolds on the page. Without this its link leads to it.
(() => {
  'use strict';

  for (const box of document.querySelectorAll('[data-newest-last]')) box.scrollLeft = box.scrollWidth;

  const place = document.getElementById('month');
  let shown;
  document.addEventListener('click', (event) => {
    const link = event.target.closest('.calendar a, a[data-month]');
    if (!link || !place || !window.htmx || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    shown?.removeAttribute('aria-current');
    if (link.closest('.calendar')) {
      shown = link;
      link.setAttribute('aria-current', 'true');
    }
    window.htmx.ajax('GET', link.getAttribute('href'), { target: '#month', swap: 'innerHTML' }).then(() => {
      place.focus({ preventScroll: true });
      place.scrollIntoView({ block: 'nearest' });
    });
  });
})();
